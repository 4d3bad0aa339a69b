import { resolve } from 'node:path';
import { analyseBench, type BenchReport, type BenchRun, nameOf, sweepRuns, type SweepRun } from '@cosmicai/bench';
import { averageTable, cellTable } from '@cosmicai/report';
import { Command } from 'commander';
import { BenchFolder } from '../bench/bench-folder.ts';
import { localTarget } from '../bench/local-target.ts';
import { rowOf } from '../bench/bench-row.ts';
import type { SweepTarget } from '../bench/sweep-target.ts';
import { resolveModel } from '../inputs/files.ts';
import {
  memoryOption,
  modelOption,
  refuseAtStage,
  stageOption,
  targetOption,
  withAccessOptions,
  type AccessOptions,
  wholeNumber,
  wholeNumbers,
  words,
} from '../inputs/options.ts';
import { EXIT } from '../output/errors.ts';
import { formatReportTable } from '../output/tables.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';
import { VERSIONS } from '../output/versions.ts';

interface BenchOptions extends AccessOptions {
  readonly worldSizes: readonly number[];
  readonly batchSizes: readonly number[];
  readonly dataSizes?: readonly string[];
  readonly partitionSizes?: readonly string[];
  readonly repeat: number;
  readonly data?: string;
  readonly count: number;
  readonly out: string;
  readonly model?: string;
  readonly memory: number;
  readonly concurrency?: number;
  readonly seed: number;
  readonly target: 'local' | 'aws';
  readonly stage: string;
  readonly json?: boolean;
}

export function benchCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('bench'))
    .description(
      'Runs the workflow for every combination, in an order that spreads drift over all of them, and writes performance_table.csv, performance_analysis.json and report.html. Stopped sweeps go on where they were when called again.',
    )
    .option('--world-sizes <list>', 'numbers of ranks', wholeNumbers(1), [1, 2, 3, 4])
    .option('--batch-sizes <list>', 'samples in one forward pass', wholeNumbers(1), [8, 16, 32, 64, 128])
    .option(
      '--data-sizes <list>',
      'data sets: folders below --data; without it, small, medium, large of a simulated survey, or of the stage’s datasets/',
      words,
    )
    .option(
      '--partition-sizes <list>',
      'partition sizes: folders below the data set, or sizes to simulate, e.g. 5MB,25MB',
      words,
    )
    .option('--repeat <n>', 'runs of each combination', wholeNumber(1), 3)
    .option('-d, --data <folder>', 'folder or s3:// address of partition files; default: a simulated survey')
    .option(
      '--count <n>',
      'galaxies of the simulated survey (medium; small has a quarter, large four times as many)',
      wholeNumber(4),
      2048,
    )
    .option('-o, --out <folder>', 'folder for tables and results', 'bench')
    .addOption(modelOption())
    .addOption(memoryOption())
    .option('-c, --concurrency <n>', 'processes at once on this machine; default: one per core', wholeNumber(1))
    .option('--seed <n>', 'of the order of runs, the simulated survey and the bootstrap', wholeNumber(0), 1)
    .addOption(targetOption())
    .addOption(stageOption())
    .option('--json', 'print the analysis as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai bench --world-sizes 1,2,4 --batch-sizes 32,128 --repeat 5 --out bench\n  cosmicai bench --target aws --stage dev --data-sizes small,large --world-sizes 16,64 --out bench-aws\n',
    )
    .action(async (options: BenchOptions, command: Command) => {
      process.exitCode = await bench(options, command, terminal);
    });
}

const LOCAL_ONLY = ['memory', 'concurrency'];

function openTarget(options: BenchOptions, folder: string, command: Command, terminal: Terminal): Promise<SweepTarget> {
  if (options.target === 'local')
    return localTarget({ ...options, model: resolveModel(options.model, terminal) }, folder, terminal);
  refuseAtStage(command, LOCAL_ONLY);
  return openStageTarget(options, folder, terminal);
}

async function openStageTarget(options: BenchOptions, folder: string, terminal: Terminal): Promise<SweepTarget> {
  const { stageTarget } = await import('../bench/stage-target.ts');
  return stageTarget(options.stage, options, folder, terminal);
}

async function bench(options: BenchOptions, command: Command, terminal: Terminal): Promise<number> {
  const path = resolve(terminal.cwd, options.out);
  const folder = new BenchFolder(path, options.target === 'aws' ? options.stage : undefined);
  const runs = sweepRuns(
    {
      worldSizes: options.worldSizes,
      batchSizes: options.batchSizes,
      dataSizes: options.dataSizes ?? [null],
      partitionSizes: options.partitionSizes ?? [null],
      repeat: options.repeat,
    },
    options.seed,
  );
  const rows: BenchRun[] = [];
  await using target = await openTarget(options, path, command, terminal);
  for (const [index, run] of runs.entries()) {
    terminal.signal.throwIfAborted();
    const earlier = await folder.finished(run);
    const row = earlier ?? (await made(run, target, terminal));
    if (earlier === undefined) await folder.keep(row);
    rows.push(row);
    printLine(
      terminal.stderr,
      `${index + 1}/${runs.length} ${nameOf(run)}: ${earlier === undefined ? '' : 'kept, '}${outcomeOf(row)}`,
    );
  }
  await folder.conclude(benchReport(rows, options, target));
  const analysis = analyseBench(rows, options.seed);
  if (options.json) printJson(terminal, analysis);
  else {
    printBlock(terminal.stdout, formatReportTable(cellTable(analysis.cells)));
    printBlock(terminal.stdout, `\n${formatReportTable(averageTable(analysis))}`);
    const best = analysis.best_configuration;
    if (best !== null)
      printBlock(terminal.stdout, `\nBest: world size ${best.world_size}, batch size ${best.batch_size}`);
    printLine(terminal.stdout);
    printLine(terminal.stdout, `Tables and report: ${path}`);
  }
  return analysis.succeeded > 0 ? EXIT.done : EXIT.failed;
}

async function made(run: SweepRun, target: SweepTarget, terminal: Terminal): Promise<BenchRun> {
  const ended = await target.run(run);
  // A run that was stopped says nothing.
  terminal.signal.throwIfAborted();
  return rowOf(run, ended);
}

function outcomeOf(row: BenchRun): string {
  return row.duration_seconds === null
    ? `${row.status}: ${row.error ?? ''}`
    : `${row.status} in ${row.duration_seconds.toFixed(2)} s`;
}

function benchReport(runs: readonly BenchRun[], options: BenchOptions, { configuration }: SweepTarget): BenchReport {
  const { target, ...rest } = configuration;
  const simulated = options.data === undefined && (options.target === 'local' || options.dataSizes === undefined);
  return {
    title: 'Sweep',
    generatedAt: new Date().toISOString(),
    runs: [...runs],
    configuration: {
      target: target ?? null,
      data: simulated ? 'simulated survey' : (options.data ?? 'data sets of the stage'),
      galaxies: simulated ? options.count : null,
      repeat: options.repeat,
      ...rest,
    },
    versions: VERSIONS,
    warnings: [],
    seed: options.seed,
  };
}
