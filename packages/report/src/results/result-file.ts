import { type BenchAnalysis, benchAnalysisSchema, type BenchReport, benchReportSchema } from '@cosmicai/bench';
import { readRankResults, recordsIn } from '@cosmicai/metrics';
import {
  describe,
  FORMAT,
  NewerFormatError,
  newerFormatOf,
  parseAs,
  runSummarySchema,
  UserInputError,
  type RunSummary,
} from '@cosmicai/payload';
import { z } from 'zod';
import { rankRowSchema, runReportSchema, type RunReport } from '../run-report.ts';
import { otherFile } from './other-files.ts';

/** What a file holds that a report can be made of. */
export type ResultFile =
  /** Results of ranks of any generation: one, or all of a run. */
  | {
      readonly kind: 'ranks';
      readonly results: readonly unknown[];
      readonly isList: boolean;
      readonly runId: string | null;
    }
  | { readonly kind: 'summary'; readonly summary: RunSummary }
  /** What `run --json` printed. */
  | { readonly kind: 'run'; readonly summary: RunSummary; readonly rows: RunReport['ranks'] }
  /** What `report --json` printed. */
  | { readonly kind: 'report'; readonly report: RunReport }
  | { readonly kind: 'sweep'; readonly report: BenchReport }
  /** What `bench --json` printed, which performance_analysis.json holds too. */
  | { readonly kind: 'analysis'; readonly analysis: BenchAnalysis };

/** What `report` makes a report of. */
export const TAKEN =
  'Taken are combined_data.json, <rank>.json and summary.json, also those of earlier systems, a sweep’s bench.json or performance_analysis.json, what run, infer, bench and report print with --json, and folders of these.';

/** Rows as they were printed before they had a label. */
const printedRowSchema = rankRowSchema
  .extend({ label: z.string().optional(), allocatedMb: rankRowSchema.shape.allocatedMb.default(null) })
  .transform((row) => ({ ...row, label: row.label ?? String(row.rank ?? '') }));

const printedRunSchema = z.object({
  status: z.string(),
  error: z.string().nullish(),
  cause: z.string().nullish(),
  summary: runSummarySchema.nullable(),
  ranks: z.array(printedRowSchema),
});

/**
 * Recognises what a result file holds.
 *
 * @param value parsed from JSON
 * @param name of the file, for messages
 * @throws UserInputError when there is no result in it, with what it is as far as that is known; InvalidInputError when it is a
 *   result of ours that isn't as we write it; NewerFormatError when a later version wrote it
 */
export function readResultFile(value: unknown, name: string): ResultFile {
  // Before anything looks at its keys: what they mean is for the later version to say.
  const newer = newerFormatOf(value) ?? newerFormatOf(recordsIn(value));
  if (newer !== undefined) throw new NewerFormatError(name, newer, FORMAT);
  if (has(value, 'cells', 'averages_by_world_size'))
    return { kind: 'analysis', analysis: parseAs(benchAnalysisSchema, value, name) };
  if (has(value, 'runs', 'seed', 'configuration'))
    return { kind: 'sweep', report: parseAs(benchReportSchema, value, name) };
  if (has(value, 'ranks', 'timeline', 'notUnderstood'))
    return { kind: 'report', report: parseAs(runReportSchema, value, name) };
  if (has(value, 'directory', 'summary', 'ranks')) return printedRun(value, name);
  if (has(value, 'failed_ranks', 'prediction_scores'))
    return { kind: 'summary', summary: parseAs(runSummarySchema, value, name) };
  if (has(value, 'world_size', 'repeat', 'start', 'status'))
    throw new UserInputError(`${name} is one run of a sweep: name the folder of the sweep instead.`);
  const { ranks, notes } = readRankResults(value);
  if (ranks.length === 0) {
    const other = otherFile(value);
    if (other !== undefined)
      throw new UserInputError(`There is no result in ${name}: it is ${other.is}; ${other.instead}.`);
    throw new UserInputError(`There is no result in ${name}${found(value, notes)}. ${TAKEN}`);
  }
  const isList = !isRecord(value) || Object.keys(value).every((key) => /^\d+$/.test(key));
  const runIds = new Set(ranks.map(({ measurement }) => measurement.runId));
  const [runId = null] = runIds.size === 1 ? runIds : [];
  return { kind: 'ranks', results: isList ? recordsIn(value) : [value], isList, runId };
}

function printedRun(value: unknown, name: string): ResultFile {
  const { status, error, cause, summary, ranks } = parseAs(printedRunSchema, value, name);
  if (summary !== null) return { kind: 'run', summary, rows: ranks };
  const why = [error, cause].filter((part) => typeof part === 'string').join(': ');
  throw new UserInputError(
    `There is no result in ${name}: the run that it tells of came to none (${status}${why === '' ? '' : `, ${why}`}).`,
  );
}

function found(value: unknown, notes: readonly string[]): string {
  if (Array.isArray(value)) return value.length === 0 ? ': it is an empty list' : `: ${notes[0] ?? ''}`;
  if (!isRecord(value)) return `: it is ${describe(value)}`;
  const fields = Object.keys(value)
    .slice(0, FIELDS_NAMED)
    .map((field) => describe(field));
  if (fields.length === 0) return ': it is an empty object';
  const more = Object.keys(value).length - fields.length;
  return `: it has no time, rate or accuracy, but ${fields.join(', ')}${more > 0 ? ` and ${more} more fields` : ''}`;
}

const FIELDS_NAMED = 4;

function has(value: unknown, ...fields: readonly string[]): boolean {
  return isRecord(value) && fields.every((field) => Object.hasOwn(value, field));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
