import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import {
  describeOnnxFile,
  modelOnDisk,
  openModel,
  parseGolden,
  readAnswers,
  readSpec,
  verifyModel,
  type Predictor,
  type Reference,
  type Verification,
} from '@cosmicai/inference';
import { hasEnding, outputsOf, type ColumnChoice } from '@cosmicai/payload';
import { scoresChangeTable, toldChange } from '@cosmicai/quantize';
import type { Galaxies } from '@cosmicai/samples';
import { Command } from 'commander';
import { resolveModel } from '../../inputs/files.ts';
import { modelUse, withModelUse, type ModelUseOptions } from '../../inputs/model-options.ts';
import {
  columnsOption,
  crcOption,
  decimalNumber,
  wholeNumber,
  withAccessOptions,
  type AccessOptions,
} from '../../inputs/options.ts';
import { Partitions } from '../../inputs/partitions.ts';
import { EXIT } from '../../output/errors.ts';
import { printBlock, printJson, printLine, type Terminal } from '../../output/terminal.ts';
import { formatReportTable } from '../../output/tables.ts';

interface VerifyOptions extends ModelUseOptions, AccessOptions {
  readonly against: string;
  readonly data: readonly string[];
  readonly batchSize: number;
  readonly tolerance?: number;
  readonly crc: boolean;
  readonly columns?: ColumnChoice;
  readonly json?: boolean;
}

export function verifyCommand(terminal: Terminal): Command {
  const command = withAccessOptions(new Command('verify'))
    .summary('compare the predictions of two models')
    .description(
      'Predicts the same galaxies with a model and with another one (or takes expected answers from a JSON file) and prints the differences of all that it answers, and the scores of redshifts.',
    )
    .argument('<model>', 'ONNX file')
    .requiredOption('--against <file>', 'another ONNX file, or a JSON file of expected predictions')
    .requiredOption('--data <partitions...>', 'files of galaxies, folders of them, addresses, or @list');
  return withModelUse(command)
    .option('-b, --batch-size <n>', 'samples in one forward pass', wholeNumber(1), 32)
    .option('--tolerance <x>', 'exit code 1 when the largest difference is above this', decimalNumber(0, 10))
    .addOption(columnsOption())
    .addOption(crcOption())
    .option('--json', 'print the figures as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cosmicai model verify fp16.onnx --against fp32.onnx --data partitions/1.pt --tolerance 2e-4\n',
    )
    .action(async (model: string, options: VerifyOptions) => {
      process.exitCode = await verify(model, options, terminal);
    });
}

async function verify(modelPath: string, options: VerifyOptions, terminal: Terminal): Promise<number> {
  const path = resolveModel(modelPath, terminal);
  const { spec } = await readSpec(modelOnDisk(path), describeOnnxFile(path).metadata);
  const partitions = await Partitions.open({ ...options, spec }, terminal);
  const golden = hasEnding(options.against, '.json')
    ? parseGolden(await readFile(resolve(terminal.cwd, options.against), 'utf8'), options.against)
    : undefined;
  const use = modelUse(options);
  const { predictor: model } = await openModel({ ...use, modelPath: resolveModel(modelPath, terminal) });
  let other: Predictor | undefined;
  let verification: Verification;
  const predictWith = (predictor: Predictor) => (samples: Galaxies) => predictor.predict(samples, options.batchSize);
  try {
    let reference: Reference | undefined = golden?.predictions;
    if (reference === undefined) {
      other = (await openModel({ ...use, modelPath: resolveModel(options.against, terminal) })).predictor;
      reference = predictWith(other);
    }
    verification = await verifyModel(partitions.batches(SAMPLES_PER_READ), predictWith(model), reference);
  } finally {
    await Promise.all([model.close(), other?.close()]);
  }
  partitions.sayUnchecked();
  const { count, maxDifference, meanDifference, worst } = verification;
  const redshiftsIn = (answers: Float64Array) => readAnswers(outputsOf(spec), Float32Array.from(answers)).zPred;
  const [before, after] = [redshiftsIn(verification.reference), redshiftsIn(verification.predictions)];
  // There is nothing to score of classes and vectors.
  const change =
    before === null || after === null
      ? null
      : toldChange({ zSpec: [...verification.redshift], before: [...before], after: [...after] });
  const exitCode = options.tolerance !== undefined && !(maxDifference <= options.tolerance) ? EXIT.failed : EXIT.done;
  const result = {
    samples: count,
    max_difference: maxDifference,
    mean_difference: meanDifference,
    worst_sample: worst,
    model: change?.after ?? null,
    against: change?.before ?? null,
    intervals: change?.intervals ?? null,
  };
  if (options.json) printJson(terminal, result);
  else {
    printLine(
      terminal.stdout,
      `${count} galaxies: largest difference ${maxDifference.toExponential(2)} (galaxy ${worst}), mean ${meanDifference.toExponential(2)}`,
    );
    if (change === null) return exitCode;
    const table = scoresChangeTable(change, [basename(options.against), basename(modelPath)]);
    printBlock(terminal.stdout, `\n${formatReportTable(table)}`);
  }
  return exitCode;
}

/** Samples read at a time; forward passes are split further. */
const SAMPLES_PER_READ = 256;
