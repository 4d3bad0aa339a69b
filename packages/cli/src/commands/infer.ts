import type { SampleInput } from '@cosmicai/samples';
import { beginFile, type NamedFile } from '@cosmicai/store';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import {
  describeRepeats,
  classesIn,
  findingsOf,
  peakRssMb,
  openModel,
  inferReport,
  inferSources,
  repeatedHashes,
  type Device,
  type InferredSources,
  type PredictionsFormat,
} from '@cosmicai/inference';
import { qualityFailure, QualityLedger } from '@cosmicai/metrics';
import { DEFAULT_MAX_FLAGGED, hasEnding, UserInputError, type ColumnChoice } from '@cosmicai/payload';
import { Command } from 'commander';
import { refuseToOverwrite, resolveModel, sampleInputs } from '../inputs/files.ts';
import { modelUse, withModelUse, type ModelUseOptions } from '../inputs/model-options.ts';
import {
  accessOf,
  columnsOption,
  tableOption,
  crcOption,
  keepOption,
  decimalNumber,
  wholeNumber,
  withAccessOptions,
  withModel,
  type AccessOptions,
} from '../inputs/options.ts';
import { describeInference } from '../infer/describe-inference.ts';
import { EXIT } from '../output/errors.ts';
import { progress } from '../output/progress.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';

/** A session takes some 100 MB, and more of them than this by far gain nothing. */
const MOST_WORKERS = Math.max(8, 4 * availableParallelism());

interface InferOptions extends ModelUseOptions, AccessOptions {
  readonly model?: string;
  readonly batchSize: number;
  readonly workers?: number;
  readonly out?: string;
  readonly json?: boolean;
  readonly crc: boolean;
  readonly columns?: ColumnChoice;
  readonly table?: string;
  readonly keep?: readonly string[];
  readonly device: string;
  readonly maxFlagged: number;
}

export function inferCommand(terminal: Terminal): Command {
  const command = withModel(withAccessOptions(new Command('infer')))
    .description(
      'Predicts the redshifts of files of galaxies on this machine and prints time, throughput, memory and accuracy.',
    )
    .argument(
      '<sources...>',
      'files of galaxies (partitions, FITS, …), folders of them or of FITS cutouts, file:// and s3:// addresses, or @list: a file with one of these a line',
    );
  return withModelUse(command)
    .option('-b, --batch-size <n>', 'samples in one forward pass', wholeNumber(1), 32)
    .option('-w, --workers <n>', 'threads with a session each; default: one per core', wholeNumber(1, MOST_WORKERS))
    .option('-o, --out <file>', 'write predictions to a .csv or .parquet file')
    .option(
      '--max-flagged <percent>',
      'percentage of flagged galaxies beyond which the exit code is 1',
      decimalNumber(0, 100),
      DEFAULT_MAX_FLAGGED,
    )
    .option('--device <name>', 'cpu, or cuda where onnxruntime’s CUDA libraries are installed', 'cpu')
    .addOption(columnsOption())
    .addOption(tableOption())
    .addOption(keepOption())
    .addOption(crcOption())
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai infer data/1.pt data/2.pt --batch-size 128 --out predictions.csv\n')
    .action((partitions: string[], options: InferOptions) => infer(partitions, options, terminal));
}

async function infer(paths: readonly string[], options: InferOptions, terminal: Terminal): Promise<void> {
  const device = deviceOf(options.device);
  formatOf(options.out);
  const { inputs, notes } = await sampleInputs(paths, terminal.cwd, { ...accessOf(options), table: options.table });
  const modelPath = resolveModel(options.model, terminal);
  const out = options.out === undefined ? null : resolve(terminal.cwd, options.out);
  if (out !== null) await refuseToOverwrite(out, [modelPath, ...inputs.map(({ name }) => name)]);
  const file = out === null ? undefined : await beginFile(out, 'Predictions');
  try {
    await predict(inputs, { modelPath, device, out, file, notes }, options, terminal);
  } catch (error) {
    await file?.abandon();
    throw error;
  }
}

/** @throws UserInputError for an ending that stands for no format */
function formatOf(out: string | undefined): PredictionsFormat {
  if (out === undefined || hasEnding(out, '.csv')) return 'csv';
  if (hasEnding(out, '.parquet')) return 'parquet';
  throw new UserInputError(`--out ${out} must end with .csv or .parquet.`);
}

function deviceOf(name: string): Device {
  if (name === 'cpu' || name === 'cuda') return name;
  throw new UserInputError(`--device ${name} is not supported: cpu or cuda.`);
}

interface InferPlan {
  readonly device: Device;
  readonly modelPath: string;
  /** Path of the predictions, and the file that is begun there. */
  readonly out: string | null;
  readonly file: NamedFile | undefined;
  /** What is in folders and not read. */
  readonly notes: readonly string[];
}

async function predict(
  inputs: readonly SampleInput[],
  { modelPath, device, out, file, notes }: InferPlan,
  options: InferOptions,
  terminal: Terminal,
): Promise<void> {
  const model = await openModel({
    ...{ modelPath, device },
    ...(options.workers !== undefined && { workers: options.workers }),
    ...modelUse(options),
  });
  const started = performance.now();
  const cpu = process.cpuUsage();
  const ledger = new QualityLedger();
  const bar = progress(terminal, 'Predicting');
  let inferred: InferredSources;
  try {
    inferred = await inferSources(inputs, model, {
      batchSize: options.batchSize,
      checkCrc: options.crc,
      columns: options.columns,
      keep: options.keep,
      signal: terminal.signal,
      out: file && { file, format: formatOf(options.out) },
      onPredicted(samples, total, source) {
        ledger.addAll(samples.zSpec, samples.zPred, samples.flags, classesIn(samples.beside));
        bar.update(samples.from + samples.count, total, source);
      },
    });
  } finally {
    bar.done();
    await model.predictor.close();
  }
  const wallSeconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const { partitions, batches, hashes, lost } = inferred;

  const findings = findingsOf(partitions, model);
  const { galaxies: repeated, example } = repeatedHashes(hashes);
  const nameOf = (place: number) => partitions[place]?.partition ?? '';
  const repeats =
    example === undefined ? [] : [describeRepeats(repeated, true, [nameOf(example[0]), nameOf(example[1])])];
  const report = inferReport({
    ...ledger.finish(),
    spec: model.predictor.contract.spec,
    samples: ledger.galaxies,
    batchSize: options.batchSize,
    batches,
    device,
    wallSeconds,
    cpuSeconds: (user + system) / 1e6,
    peakRssMb: peakRssMb(),
    arithmetic: model.arithmetic,
    out: lost === undefined ? out : null,
    specFile: model.specFile,
    taken: partitions.flatMap(({ taken = [] }) => taken),
    findings: { ...findings, warnings: [...notes, ...findings.warnings, ...repeats] },
  });
  if (options.json) printJson(terminal, report);
  else printBlock(terminal.stdout, describeInference(report));
  if (lost !== undefined) throw lost;
  const failure = qualityFailure(report, options.maxFlagged);
  if (failure === undefined) return;
  printLine(terminal.stderr, `${failure.error}: ${failure.cause}`);
  process.exitCode = EXIT.failed;
}
