import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { localEngine } from '@cosmicai/local';
import { contextOf } from '../engines.ts';
import { byteSize, wholeNumber, withDemoPrecision } from '../inputs/options.ts';
import { EXIT } from '../output/errors.ts';
import { printLine, type Terminal } from '../output/terminal.ts';
import { reportExecution } from '../run/report-run.ts';
import { watchRun } from '../run/watch-run.ts';
import { writeSimulation } from './simulate.ts';

interface DemoOptions {
  readonly out: string;
  readonly count: number;
  readonly worldSize: number;
  readonly batchSize: number;
  /** By --precision. */
  readonly model?: string;
  readonly json?: boolean;
}

export function demoCommand(terminal: Terminal): Command {
  return withDemoPrecision(new Command('demo'))
    .description(
      'Simulates a small survey, runs the whole workflow over it on this machine, and prints what came out (npm start does this).',
    )
    .option('-o, --out <folder>', 'folder for the survey and the results', 'cosmicai-demo')
    .option('-n, --count <n>', 'galaxies to simulate', wholeNumber(4), 4096)
    .option('--world-size <n>', 'number of ranks', wholeNumber(1, 10_000), 4)
    .option('--batch-size <n>', 'samples in one forward pass', wholeNumber(1), 128)
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai demo --count 8192 --world-size 8\n')
    .action(async (options: DemoOptions) => {
      process.exitCode = await demo(options, terminal);
    });
}

const SEED = 2026;
/** Small files, so that every rank of the demo has some. */
const PARTITION_SIZE = byteSize('5MB');

async function demo(options: DemoOptions, terminal: Terminal): Promise<number> {
  const folder = resolve(terminal.cwd, options.out);
  const data = join(folder, 'partitions');
  printLine(terminal.stderr, `Simulating ${options.count} galaxies into ${data}`);
  await writeSimulation({ count: options.count, seed: SEED, partitionSize: PARTITION_SIZE, out: data }, terminal);
  const { worldSize, batchSize, model } = options;
  const engine = localEngine(contextOf(terminal));
  const execution = await engine.start({
    changes: { data, results: join(folder, 'results'), worldSize, batchSize },
    model,
  });
  const outcome = await watchRun(engine, execution, terminal);
  if (outcome === undefined) return EXIT.interrupted;
  return reportExecution(outcome, engine.commands(execution), options, terminal);
}
