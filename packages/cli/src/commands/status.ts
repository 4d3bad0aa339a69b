import {
  parseJsonAs,
  runLayout,
  runRecordSchema,
  runSummarySchema,
  UserInputError,
  type RunSummary,
} from '@cosmicai/payload';
import { assembleRunReport } from '@cosmicai/report';
import { openStore, type ObjectStore } from '@cosmicai/store';
import { Command } from 'commander';
import { resultsLocation } from '../inputs/files.ts';
import { stageOption, targetOption } from '../inputs/options.ts';
import { formatTable } from '../output/table.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { seconds } from '../output/units.ts';
import { findExecution, gatherRun } from '../report/gather-run.ts';
import { describeRun } from '../run/describe-run.ts';

/** A run as the list shows it. */
interface RunRow {
  readonly run_id: string;
  readonly status: RunSummary['status'] | 'NOT SUMMARIZED';
  readonly world_size: number;
  readonly batch_size: number | null;
  readonly samples: number | null;
  readonly wall_clock_seconds: number | null;
  readonly ranks_with_result: number;
}

interface StatusOptions {
  readonly json?: boolean;
  readonly target: 'local' | 'aws';
  readonly stage: string;
}

export function statusCommand(terminal: Terminal): Command {
  return new Command('status')
    .description(
      'Lists the runs of a results folder, finished or not; with a run id, shows that run as `run` printed it. With --target aws, lists the executions of a stage or shows how far one is.',
    )
    .argument('[results]', 'results folder or its s3:// address; default: results; with --target aws an execution')
    .argument('[run-id]', 'run to show')
    .addOption(targetOption())
    .addOption(stageOption())
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai status results\n  cosmicai status s3://galaxies/results 20260304T050607Z-01234567\n  cosmicai status --target aws --stage dev\n',
    )
    .action(async (results: string | undefined, runId: string | undefined, options: StatusOptions) => {
      if (options.target === 'local') return status(results ?? 'results', runId, options, terminal);
      const { statusOnAws } = await import('../aws/status-on-aws.ts');
      return statusOnAws(results, options, terminal);
    });
}

async function status(
  results: string,
  runId: string | undefined,
  options: { readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const { bucket, resultPath } = resultsLocation(results, terminal.cwd);
  if (runId !== undefined) {
    const store = openStore(bucket);
    const layout = runLayout(resultPath, runId);
    if ((await store.head(layout.summary)) === undefined) {
      throw new UserInputError(
        `There is no summary of run ${runId} in ${results}: it never got that far, or the id is wrong.`,
      );
    }
    const place = { bucket, resultPath, runId };
    const material = await gatherRun(place, await findExecution(place));
    if (options.json) printJson(terminal, material.summary);
    else printLine(terminal.stdout, describeRun(assembleRunReport(material), material.summary));
    return;
  }
  const rows = await listRuns(openStore(bucket), resultPath);
  if (options.json) printJson(terminal, rows);
  else if (rows.length === 0) printLine(terminal.stdout, `No runs in ${results}.`);
  else {
    const known = (value: number | null, format: (value: number) => string = String) =>
      value === null ? '–' : format(value);
    printLine(
      terminal.stdout,
      formatTable<RunRow>(
        [
          { title: 'run', align: 'left', cell: (row) => row.run_id },
          { title: 'status', align: 'left', cell: (row) => row.status },
          { title: 'ranks', cell: (row) => `${row.ranks_with_result}/${row.world_size}` },
          { title: 'batch', cell: (row) => known(row.batch_size) },
          { title: 'samples', cell: (row) => known(row.samples) },
          { title: 'wall clock', cell: (row) => known(row.wall_clock_seconds, seconds) },
        ],
        rows,
      ),
    );
  }
}

async function listRuns(store: ObjectStore, resultPath: string): Promise<RunRow[]> {
  const folder = `${resultPath}/runs/`;
  const keys = new Map<string, Set<string>>();
  for await (const { key } of store.list(folder)) {
    const [runId, ...rest] = key.slice(folder.length).split('/');
    if (runId === undefined) continue;
    keys.set(runId, (keys.get(runId) ?? new Set()).add(rest.join('/')));
  }
  const rows: RunRow[] = [];
  for (const [runId, names] of [...keys].sort()) {
    if (!names.has('run.json')) continue;
    const read = async (name: string) => (await store.get(`${folder}${runId}/${name}`)).toString();
    const record = parseJsonAs(runRecordSchema, await read('run.json'), `${runId}/run.json`);
    const summary = names.has('summary.json')
      ? parseJsonAs(runSummarySchema, await read('summary.json'), `${runId}/summary.json`)
      : undefined;
    rows.push({
      run_id: runId,
      status: summary?.status ?? 'NOT SUMMARIZED',
      world_size: record.run.world_size,
      batch_size: summary?.batch_size ?? null,
      samples: summary?.samples ?? null,
      wall_clock_seconds: summary?.wall_clock_seconds ?? null,
      ranks_with_result: [...names].filter((name) => /^\d+\.json$/.test(name)).length,
    });
  }
  return rows;
}
