import type { Prices } from '@cosmicai/metrics';
import { groupBy, UserInputError, type RunSummary } from '@cosmicai/payload';
import { assembleRunReport, type ReportMaterial } from '../assemble.ts';
import type { ComparedRun } from '../bench/of-runs.ts';
import type { ResultFile } from './result-file.ts';

export interface NamedResult {
  readonly name: string;
  readonly file: ResultFile;
}

/** Of all runs alike. */
export interface RunContext extends Pick<ReportMaterial, 'generatedAt' | 'quote'> {
  readonly prices: Prices;
}

/**
 * The runs that result files tell of. Files about the same run make up one: its ranks one by one, all of them, its summary.
 * A list of ranks without a run's id is a run of its own, and single ranks without one that lie in the same folder make up one.
 *
 * @throws UserInputError when a sweep is among several files
 */
export function runsIn(files: readonly NamedResult[], context: RunContext): ComparedRun[] {
  const groups = groupBy(files, ({ file, name }) => runOf(file, name));
  return [...groups.values()].map((group) => ({ name: titleOf(group), report: reportOf(group, context) }));
}

function runOf(file: ResultFile, name: string): string {
  switch (file.kind) {
    case 'ranks':
      if (file.runId !== null) return `run ${file.runId}`;
      return file.isList || isInferred(file) ? `file ${name}` : `ranks in ${name.slice(0, name.lastIndexOf('/') + 1)}`;
    case 'summary':
    case 'run':
      return `run ${file.summary.run_id}`;
    default:
      return `file ${name}`;
  }
}

/** What `infer --json` prints is all of its own. */
function isInferred({ results }: Extract<ResultFile, { kind: 'ranks' }>): boolean {
  const [result] = results;
  return typeof result === 'object' && result !== null && 'wall_clock_seconds' in result;
}

function reportOf(group: readonly NamedResult[], context: RunContext): ComparedRun['report'] {
  const results = new Map<string, unknown>();
  let records = 0;
  let summary: RunSummary | undefined;
  let rows: ReportMaterial['rows'];
  for (const { name, file } of group) {
    switch (file.kind) {
      case 'report':
        return file.report;
      case 'summary':
        summary = file.summary;
        break;
      case 'run':
        ({ summary, rows } = file);
        break;
      case 'ranks':
        // What a folder holds twice, by itself and in combined_data.json, was done once; within a file nothing is.
        file.results.forEach((result, at) =>
          results.set(group.length === 1 ? String(at) : JSON.stringify(result), result),
        );
        records += file.results.length;
        break;
      default:
        throw new UserInputError(`${name} is a sweep: give it by itself.`);
    }
  }
  const twice = records - results.size;
  return assembleRunReport({
    ...context,
    title: titleOf(group),
    results: [...results.values()],
    ...(summary !== undefined && { summary }),
    ...(rows !== undefined && results.size === 0 && { rows }),
    warnings: [
      ...(twice === 0 ? [] : [`${twice} results are in several of the files and count once.`]),
      ...(summary !== undefined && rows === undefined && results.size === 0
        ? ['A summary tells nothing of single ranks: name the folder of the run for a report with them.']
        : []),
    ],
  });
}

const FILES_NAMED = 3;

/** The first files by their names, and how many more there are. */
export function titleOf(files: readonly Pick<NamedResult, 'name'>[]): string {
  const all = [...new Set(files.map(({ name }) => name))];
  const names = all.slice(0, FILES_NAMED);
  const more = all.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more files` : ''}`;
}
