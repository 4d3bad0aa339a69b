import { createWriteStream } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  createPredictor,
  peakRssMb,
  encodePredictions,
  predictPartition,
  type PartitionPredictions,
  type PredictedSamples,
} from '@cosmicai/inference';
import { BITS_PER_SAMPLE, PredictionMetrics } from '@cosmicai/metrics';
import { UserInputError, type PredictionScores } from '@cosmicai/payload';
import { openPartition } from '@cosmicai/torchfile';
import { Command } from 'commander';
import { existingSource, resolveModel } from '../inputs/files.ts';
import { crcOption, modelOption, wholeNumber } from '../inputs/options.ts';
import { progress } from '../output/progress.ts';
import { formatPairs } from '../output/table.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { bitsPerSecond, megabytes, perSecond, score, seconds } from '../output/units.ts';

interface InferOptions {
  readonly model?: string;
  readonly batchSize: number;
  readonly workers?: number;
  readonly out?: string;
  readonly json?: boolean;
  readonly crc: boolean;
  readonly device: string;
}

/**
 * What `infer --json` prints: upstream's names for what its single-machine script prints, then ours. The total time is the
 * wall clock over which both rates are taken, so that rate x time is what was done.
 */
interface InferReport {
  readonly 'total cpu time (second)': number;
  readonly 'execution time per batch (second)': number;
  readonly 'cpu memory (MB)': number;
  readonly 'throughput(bps)': number;
  readonly 'batch size': number;
  readonly 'number of batches': number;
  readonly device: string;
  readonly MAE: number | null;
  readonly MSE: number | null;
  readonly Bias: number | null;
  readonly Precision: number | null;
  readonly R2: number | null;
  readonly samples: number;
  readonly sample_persec: number;
  readonly wall_clock_seconds: number;
  readonly scores: PredictionScores;
  readonly predictions: string | null;
  /** Processor time of the process. */
  readonly cpu_seconds: number;
}

export function inferCommand(terminal: Terminal): Command {
  return new Command('infer')
    .description(
      'Predicts the redshifts of partition files on this machine and prints time, throughput, memory and accuracy.',
    )
    .argument('<partitions...>', 'partition files (.pt), or file:// and s3:// addresses of them')
    .addOption(modelOption())
    .option('-b, --batch-size <n>', 'samples in one forward pass', wholeNumber(1), 32)
    .option('-w, --workers <n>', 'threads with a session each; default: one per core', wholeNumber(1))
    .option('-o, --out <file>', 'write predictions to a .csv or .parquet file')
    .option('--device <name>', 'only cpu', 'cpu')
    .addOption(crcOption())
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai infer data/1.pt data/2.pt --batch-size 128 --out predictions.csv\n')
    .action((partitions: string[], options: InferOptions) => infer(partitions, options, terminal));
}

async function infer(paths: readonly string[], options: InferOptions, terminal: Terminal): Promise<void> {
  if (options.device !== 'cpu')
    throw new UserInputError(`--device ${options.device} is not supported; the only device is cpu.`);
  const format = formatOf(options.out);
  const sources = await Promise.all(paths.map((path) => existingSource(path, terminal.cwd)));
  const modelPath = resolveModel(options.model, terminal);
  const predictor = await createPredictor({
    modelPath,
    ...(options.workers !== undefined && { workers: options.workers }),
  });
  const started = performance.now();
  const cpu = process.cpuUsage();
  const metrics = new PredictionMetrics();
  const partitions: PartitionPredictions[] = [];
  const warnings: string[] = [];
  let batchCount = 0;
  const bar = progress(terminal, 'Predicting');
  try {
    for (const source of sources) {
      const partition = await openPartition(source, { checkCrc: options.crc });
      batchCount += Math.ceil(partition.count / options.batchSize);
      const batches: PredictedSamples[] = [];
      for await (const samples of predictPartition(partition, predictor, {
        batchSize: options.batchSize,
        signal: terminal.signal,
      })) {
        metrics.addAll(samples.zSpec, samples.zPred);
        batches.push(samples);
        bar.update(samples.from + samples.count, partition.count, source.name);
      }
      partitions.push({ partition: source.name, batches });
      const unchecked = partition.unchecked();
      if (unchecked !== undefined) warnings.push(`${source.name} was not checked for damage: ${unchecked}`);
    }
  } finally {
    bar.done();
    await predictor.close();
  }
  for (const warning of warnings) printLine(terminal.stderr, `Warning: ${warning}`);
  const wallSeconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const out = options.out === undefined ? null : resolve(terminal.cwd, options.out);
  if (out !== null) await writePredictions(out, format, partitions);

  const scores = metrics.finish();
  const samples = scores.count + scores.excluded;
  const report: InferReport = {
    'total cpu time (second)': wallSeconds,
    'execution time per batch (second)': wallSeconds / Math.max(1, batchCount),
    'cpu memory (MB)': peakRssMb(),
    'throughput(bps)': (samples * BITS_PER_SAMPLE) / wallSeconds,
    'batch size': options.batchSize,
    'number of batches': batchCount,
    device: 'cpu',
    MAE: scores.mae,
    MSE: scores.mse,
    Bias: scores.bias,
    Precision: scores.precision,
    R2: scores.r2,
    samples,
    sample_persec: samples / wallSeconds,
    wall_clock_seconds: wallSeconds,
    scores,
    predictions: out,
    cpu_seconds: (user + system) / 1e6,
  };
  if (options.json) printJson(terminal, report);
  else printLine(terminal.stdout, describe(report));
}

function describe(report: InferReport): string {
  const { scores } = report;
  return formatPairs([
    ['Samples', String(report.samples)],
    ['Total time', `${seconds(report.wall_clock_seconds)} (processor time ${seconds(report.cpu_seconds)})`],
    [
      'Time per batch',
      `${(report['execution time per batch (second)'] * 1000).toFixed(1)} ms (${report['number of batches']} batches of ${report['batch size']})`,
    ],
    ['Throughput', `${perSecond(report.sample_persec)} samples, ${bitsPerSecond(report['throughput(bps)'])}`],
    ['Peak memory', megabytes(report['cpu memory (MB)'])],
    ['MAE', score(scores.mae)],
    ['MSE', score(scores.mse, 6)],
    ['Bias', score(scores.bias)],
    ['Precision (NMAD)', score(scores.precision)],
    ['R2', score(scores.r2)],
    ...(scores.excluded > 0
      ? ([['Without metrics', `${scores.excluded} samples (redshift missing or not finite)`]] as const)
      : []),
    ...(report.predictions === null ? [] : ([['Predictions', report.predictions]] as const)),
  ]);
}

type Format = 'csv' | 'parquet';

function formatOf(out: string | undefined): Format {
  if (out === undefined || out.endsWith('.csv')) return 'csv';
  if (out.endsWith('.parquet')) return 'parquet';
  throw new UserInputError(`--out ${out} must end with .csv or .parquet.`);
}

/** Written beside its place and renamed, so that an interrupted run leaves no half file under the name asked for. */
async function writePredictions(
  path: string,
  format: Format,
  partitions: readonly PartitionPredictions[],
): Promise<void> {
  const partial = `${path}.partial`;
  try {
    if (format === 'parquet') await writeFile(partial, encodePredictions(0, partitions));
    else await writeCsv(partial, partitions);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw new UserInputError(`Predictions can't be written to ${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** Columns index, z_spec, z_pred; the index counts through all files in the order given. */
async function writeCsv(path: string, partitions: readonly PartitionPredictions[]): Promise<void> {
  const { pipeline } = await import('node:stream/promises');
  function* lines() {
    yield 'index,z_spec,z_pred\n';
    let index = 0;
    for (const { zSpec, zPred, count } of partitions.flatMap((partition) => partition.batches)) {
      for (let sample = 0; sample < count; sample++) yield `${index++},${zSpec[sample]!},${zPred[sample]!}\n`;
    }
  }
  await pipeline(lines(), createWriteStream(path));
}
