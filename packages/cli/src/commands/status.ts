import { resumeCommand } from '@cosmicai/engine';
import { basename } from 'node:path';
import { executionOwner } from '@cosmicai/local/executions';
import { InvalidInputError, UserInputError } from '@cosmicai/payload';
import {
  brokenOff,
  executionsFolder,
  findExecution,
  listRuns,
  NOT_SUMMARIZED,
  type RunPlace,
  type RunRow,
  runsUnderWay,
  type UnderWay,
} from '@cosmicai/runs';
import { folderAddress, openStore, resultsLocation, type ObjectStore } from '@cosmicai/store';
import { Command } from 'commander';
import { openEngine, stageOption, targetOption, type EngineName } from '../engines.ts';
import { accessOf, withAccessOptions, type AccessOptions } from '../inputs/options.ts';
import { formatLines, formatPairs, formatTable } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';
import { seconds } from '../output/units.ts';
import { describeUnderWay } from '../status/describe-under-way.ts';

/** A run, and what its execution tells while it is at work; null where none does. */
type RunState = RunRow & { readonly under_way: UnderWay | null };

interface StatusOptions extends AccessOptions {
  readonly json?: boolean;
  readonly target: EngineName;
  readonly stage: string;
}

export function statusCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('status'))
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
    .action(async (results: string | undefined, runId: string | undefined, options: StatusOptions, self: Command) => {
      const { executions, name } = await openEngine(options.target, options, self, terminal);
      if (executions === undefined) return status(results ?? 'results', runId, options, terminal);
      if (options.requestPayer === true || options.signRequest === false)
        throw new UserInputError(
          `--request-payer and --no-sign-request are about buckets of results, and --target ${name} asks ${executions.asked}.`,
        );
      const { showExecutions } = await import('../status/show-executions.ts');
      return showExecutions(executions, results, options, terminal);
    });
}

async function status(
  results: string,
  runId: string | undefined,
  options: StatusOptions,
  terminal: Terminal,
): Promise<void> {
  const access = accessOf(options);
  const place = resultsLocation(results, terminal.cwd);
  const executions = executionsFolder(place, terminal.cwd);
  const underWay = runsUnderWay(executions, Date.now());
  const found = await listRuns(openStore(place.bucket, { access }), place.resultPath, runId);
  if (found.length === 0 && runId === undefined)
    await requireFolder(openStore(folderAddress(results, terminal.cwd), { access }));
  const rows = found.map((row): RunState => ({
    ...row,
    under_way: row.status === NOT_SUMMARIZED ? (underWay.get(row.run_id) ?? null) : null,
  }));
  if (runId !== undefined) {
    const [row] = rows;
    if (row === undefined)
      throw new UserInputError(`There is no run ${runId} in ${results}. "cosmicai status ${results}" lists the runs.`);
    await showRun(row, { ...place, runId, access }, options, terminal);
    return;
  }
  if (options.json) printJson(terminal, rows);
  else {
    if (rows.length === 0) printLine(terminal.stdout, `No runs in ${results}.`);
    else printBlock(terminal.stdout, listed(rows));
    const broken = await brokenOff(executions, (directory) => executionOwner(directory) !== undefined);
    if (broken.length > 0) printBlock(terminal.stdout, `\n${describeBrokenOff(broken)}`);
  }
}

/** @throws NoSuchBucketError when a folder isn't there; of S3 only a bucket can be missing */
async function requireFolder(store: ObjectStore): Promise<void> {
  for await (const _ of store.list('')) break;
}

/** As `run` printed it; of a run without a summary, or with files of another version, what is known. */
async function showRun(
  row: RunState,
  place: RunPlace,
  { json }: { readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const show = (known: RunState) => {
    if (json) printJson(terminal, known);
    else printBlock(terminal.stdout, described(known));
  };
  if (row.status === NOT_SUMMARIZED || row.problem !== null) {
    show(row);
    return;
  }
  const { gatherRun, readSummary } = await import('@cosmicai/runs/gather');
  const { assembleRunReport } = await import('@cosmicai/report');
  const { describeRun } = await import('../run/describe-run.ts');
  try {
    if (json) {
      printJson(terminal, await readSummary(place));
      return;
    }
    const material = await gatherRun(place, await findExecution(place, terminal.cwd), { forPage: false });
    printBlock(terminal.stdout, describeRun(assembleRunReport(material), material.summary));
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    show({ ...row, problem: error.message });
  }
}

const known = (value: number | null, format: (value: number) => string = String) =>
  value === null ? '–' : format(value);

function listed(rows: readonly RunState[]): string {
  const table = formatTable<RunRow>(
    [
      { title: 'run', align: 'left', cell: (row) => row.run_id },
      { title: 'status', align: 'left', cell: (row) => row.status },
      { title: 'ranks', cell: (row) => `${row.ranks_with_result}/${known(row.world_size)}` },
      { title: 'batch', cell: (row) => known(row.batch_size) },
      { title: 'samples', cell: (row) => known(row.samples) },
      { title: 'wall clock', cell: (row) => known(row.wall_clock_seconds, seconds) },
    ],
    rows,
  );
  const running = rows.flatMap(({ run_id: id, under_way: at }) =>
    at === null ? [] : [`${id}: ${describeUnderWay(at).join('\n')}`],
  );
  return [table, ...(running.length === 0 ? [] : [`Under way:\n${formatLines(running)}`]), ...notUnderstood(rows)].join(
    '\n\n',
  );
}

function describeBrokenOff(directories: readonly string[]): string {
  const lines = directories.map((directory) => `${basename(directory)}: go on with: ${resumeCommand(directory)}`);
  return `Broken off, as their processes are gone:\n${formatLines(lines)}`;
}

function notUnderstood(rows: readonly RunRow[]): string[] {
  const strange = rows.filter(({ problem }) => problem !== null);
  if (strange.length === 0) return [];
  const lines = strange.map(({ run_id, problem }) => `${run_id}: ${problem ?? ''}`);
  return [`Not understood in full, as other versions or people may have written them:\n${formatLines(lines)}`];
}

function described(row: RunState): string {
  return formatPairs([
    ['Run', `${row.run_id}: ${row.status}`],
    ['Ranks', `${known(row.world_size)} planned, ${row.ranks_with_result} with a result`],
    ['Samples', `${known(row.samples)} at batch size ${known(row.batch_size)}`],
    ['Wall clock', known(row.wall_clock_seconds, seconds)],
    ...(row.under_way === null ? [] : describeUnderWay(row.under_way).map((line) => ['Under way', line] as const)),
    ...(row.problem === null ? [] : ([['Not understood', row.problem]] as const)),
  ]);
}
