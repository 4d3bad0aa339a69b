import { resolve } from 'node:path';
import { analyseBench, BenchFolder, nameOf, runSweep, sweepReport, sweepRuns, type BenchRun } from '@cosmicai/bench';
import { openSweep } from '@cosmicai/engine';
import { averageTable, benchReportHtml, cellTable } from '@cosmicai/report';
import { Command } from 'commander';
import { figuresOf, simulateOn } from '../bench/sweep-runs.ts';
import { openEngine, stageOption, targetOption, type EngineName } from '../engines.ts';
import {
  accessNamed,
  memoryOption,
  withAccessOptions,
  withModel,
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
  readonly target: EngineName;
  readonly stage: string;
  readonly json?: boolean;
}

export function benchCommand(terminal: Terminal): Command {
  return withModel(withAccessOptions(new Command('bench')))
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

async function bench(options: BenchOptions, command: Command, terminal: Terminal): Promise<number> {
  const path = resolve(terminal.cwd, options.out);
  const { dataSizes = [null], partitionSizes = [null], model } = options;
  const runs = sweepRuns({ ...options, dataSizes, partitionSizes }, options.seed);
  const engine = await openEngine(options.target, options, command, terminal);
  const request = { folder: path, data: options, model, changes: accessNamed(options) };
  const work = { ...request, simulate: simulateOn(terminal), figures: figuresOf };
  await using target = await openSweep(engine, work, terminal.signal);
  const folder = new BenchFolder(path, target.place);
  const rows = await runSweep(runs, target, folder, {
    signal: terminal.signal,
    onRow: (row, run, seen) => {
      const outcome = `${seen.kept ? 'kept, ' : ''}${outcomeOf(row)}`;
      printLine(terminal.stderr, `${seen.runs}/${runs.length} ${nameOf(run)}: ${outcome}`);
    },
  });
  const settings = { ...options, data: options.data, dataSets: options.dataSizes !== undefined };
  const about = { generatedAt: new Date().toISOString(), versions: VERSIONS };
  await folder.conclude(sweepReport(rows, target, settings, about), benchReportHtml);
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

function outcomeOf(row: BenchRun): string {
  return row.duration_seconds === null
    ? `${row.status}: ${row.error ?? ''}`
    : `${row.status} in ${row.duration_seconds.toFixed(2)} s`;
}
