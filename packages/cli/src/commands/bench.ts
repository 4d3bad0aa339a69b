import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { analyseBench, type BenchReport, type BenchRun } from '@cosmicai/metrics';
import { UserInputError } from '@cosmicai/payload';
import { averageTable, cellTable } from '@cosmicai/report';
import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { BenchFolder } from '../bench/bench-folder.ts';
import { runCell } from '../bench/run-cell.ts';
import { nameOf, sweepRuns, type SweepRun } from '../bench/sweep.ts';
import { resolveModel } from '../inputs/files.ts';
import { byteSize, memoryOption, modelOption, wholeNumber, wholeNumbers, words } from '../inputs/options.ts';
import { EXIT } from '../output/errors.ts';
import { formatReportTable } from '../output/tables.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { openPool } from '../run/execute.ts';

import { writeSimulation } from './simulate.ts';

interface BenchOptions {
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
  readonly json?: boolean;
}

export function benchCommand(terminal: Terminal): Command {
  return new Command('bench')
    .summary('measure the workflow over world sizes, batch sizes and data sizes')
    .description(
      'Runs the workflow for every combination, in an order that spreads drift over all of them, and writes performance_table.csv, performance_analysis.json and report.html. Stopped sweeps go on where they were when called again.',
    )
    .option('--world-sizes <list>', 'numbers of ranks', wholeNumbers(1), [1, 2, 3, 4])
    .option('--batch-sizes <list>', 'samples in one forward pass', wholeNumbers(1), [8, 16, 32, 64, 128])
    .option(
      '--data-sizes <list>',
      'data sets: folders below --data, or small, medium, large of a simulated survey',
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
    .option('--json', 'print the analysis as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cosmicai bench --world-sizes 1,2,4 --batch-sizes 32,128 --repeat 5 --out bench\n',
    )
    .action(async (options: BenchOptions) => {
      process.exitCode = await bench(options, terminal);
    });
}

async function bench(asked: BenchOptions, terminal: Terminal): Promise<number> {
  const options = { ...asked, model: resolveModel(asked.model, terminal) };
  const path = resolve(terminal.cwd, options.out);
  const folder = new BenchFolder(path);
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
  await using pool = await warmPool(options, path, terminal);
  for (const [index, run] of runs.entries()) {
    terminal.signal.throwIfAborted();
    const earlier = await folder.finished(run);
    const row =
      earlier ??
      (await runCell(
        run,
        {
          ...options,
          data: await dataOf(run, options, path, terminal),
          results: folder.results,
          ...(run.repeat > 1 && { pool: pool.pool }),
        },
        terminal,
      ));
    if (earlier === undefined) await folder.keep(row);
    rows.push(row);
    printLine(
      terminal.stderr,
      `${index + 1}/${runs.length} ${nameOf(run)}: ${earlier === undefined ? '' : 'kept, '}${outcomeOf(row)}`,
    );
  }
  const report = benchReport(rows, options);
  await folder.conclude(report);
  const analysis = analyseBench(rows, options.seed);
  if (options.json) printJson(terminal, analysis);
  else {
    printLine(terminal.stdout, formatReportTable(cellTable(analysis.cells)));
    printLine(terminal.stdout, `\n${formatReportTable(averageTable(analysis))}`);
    const best = analysis.best_configuration;
    if (best !== null)
      printLine(terminal.stdout, `\nBest: world size ${best.world_size}, batch size ${best.batch_size}`);
    printLine(terminal.stdout, `\nTables and report: ${path}`);
  }
  return analysis.succeeded > 0 ? EXIT.done : EXIT.failed;
}

/** The first run of each combination starts processes of its own, cold; its repeats share these. */
async function warmPool(options: BenchOptions, folder: string, terminal: Terminal) {
  const pool = await openPool({ ...options, logDirectory: join(folder, 'logs') }, terminal);
  return { pool, [Symbol.asyncDispose]: () => pool.close() };
}

function outcomeOf(row: BenchRun): string {
  return row.duration_seconds === null
    ? `${row.status}: ${row.error ?? ''}`
    : `${row.status} in ${row.duration_seconds.toFixed(2)} s`;
}

/** Galaxies of the simulated data sets, as a multiple of --count. */
const SIZES: Readonly<Record<string, number>> = { small: 0.25, medium: 1, large: 4 };
/** Small enough that four ranks of the smallest data set have files. */
const DEFAULT_PARTITION = '2MB';

/** The partitions of a run: a folder of the user's, or a simulated survey made when it is first needed. */
async function dataOf(run: SweepRun, options: BenchOptions, folder: string, terminal: Terminal): Promise<string> {
  const below = [run.data_size, run.partition_size].filter((part) => part !== null);
  if (options.data !== undefined) return [options.data.replace(/\/+$/, ''), ...below].join('/');
  const data = join(folder, 'data', ...(below.length === 0 ? ['survey'] : below));
  if (existsSync(data)) return data;
  const factor = SIZES[run.data_size ?? 'medium'];
  if (factor === undefined)
    throw new UserInputError(
      `"${run.data_size ?? ''}" is no simulated data set: use small, medium, large, or name your own with --data.`,
    );
  const partitionSize = byteSize(run.partition_size ?? DEFAULT_PARTITION);
  await writeSimulation(
    { count: Math.max(1, Math.round(options.count * factor)), seed: options.seed, partitionSize, out: data },
    terminal,
  );
  return data;
}

function benchReport(runs: readonly BenchRun[], options: BenchOptions): BenchReport {
  const processors = cpus();
  return {
    title: 'Sweep',
    generatedAt: new Date().toISOString(),
    runs: [...runs],
    configuration: {
      target: 'local',
      data: options.data ?? 'simulated survey',
      galaxies: options.data === undefined ? options.count : null,
      repeat: options.repeat,
      memory_mb: options.memory,
      machine: `${processors.length} x ${processors[0]?.model ?? 'unknown processor'}`,
    },
    versions: { cosmicai: packageJson.version, node: process.version },
    warnings: [],
    seed: options.seed,
  };
}
