import { resolve } from 'node:path';
import { modelOnDisk, readModel } from '@cosmicai/inference';
import {
  binTables,
  changeJson,
  layersTable,
  quantizeModel,
  readLayers,
  scoresChangeTable,
  type Quantized,
} from '@cosmicai/quantize';
import { describeAnswerChange, type ColumnChoice } from '@cosmicai/payload';
import { beginFile } from '@cosmicai/store';
import { Command } from 'commander';
import { resolveModel, refuseToOverwrite } from '../../inputs/files.ts';
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
import { progress } from '../../output/progress.ts';
import { printBlock, printJson, printLine, type Terminal } from '../../output/terminal.ts';
import { formatReportTable } from '../../output/tables.ts';

interface QuantizeOptions extends ModelUseOptions, AccessOptions {
  readonly data: readonly string[];
  readonly out: string;
  readonly calibrate: number;
  readonly verify: number;
  readonly layers: string;
  readonly maxChange: number;
  readonly maxAnswerChange: number;
  /** Percent. */
  readonly maxNmadChange: number;
  readonly crc: boolean;
  readonly columns?: ColumnChoice;
  readonly json?: boolean;
}

export function quantizeCommand(terminal: Terminal): Command {
  const command = withAccessOptions(new Command('quantize'))
    .summary('write a model that multiplies in 8-bit integers')
    .description(
      'Writes a copy of a model whose matrix products are done in integers where that pays: activations of 8 bits by their ranges on some galaxies, weights of 7 bits column by column. Compares it with the model on other galaxies, and writes nothing where redshifts, their NMAD or other answers change too much: of classes and of the bins of a density the largest change of a probability counts, of an uncertainty that in units of 1+z, of vectors and of other values the change as a share of how they differ between galaxies.',
    )
    .argument('[model]', 'ONNX file; default: the demo model in float32')
    .requiredOption('-d, --data <partitions...>', 'files of galaxies, folders of them, addresses, or @list')
    .requiredOption('-o, --out <file>', 'ONNX file to write');
  return withModelUse(command)
    .option('--calibrate <n>', 'galaxies that give the ranges of activations', wholeNumber(1), 512)
    .option('--verify <n>', 'other galaxies on which the change is measured', wholeNumber(1), 2048)
    .option(
      '--layers <choice>',
      'which layers: "measured", where each is timed and tried here, "all", or those of an earlier model or its --json (a file)',
      'measured',
    )
    .option(
      '--max-change <x>',
      'largest change of a redshift or its uncertainty, in units of 1+z',
      decimalNumber(0, 10),
      1e-3,
    )
    .option(
      '--max-answer-change <x>',
      'largest change of a probability, or of a vector or another value as a share of their spread',
      decimalNumber(0, 10),
      0.01,
    )
    .option('--max-nmad-change <percent>', 'largest change of the NMAD', decimalNumber(0, 1000), 1)
    .addOption(columnsOption())
    .addOption(crcOption())
    .option('--json', 'print what was done and what it changes as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai model quantize model.onnx --data partitions/*.pt -o model-int8.onnx\n  cosmicai model quantize model.onnx --data partitions/*.pt --layers model-int8.onnx -o again.onnx\n',
    )
    .action(async (model: string | undefined, options: QuantizeOptions) => {
      process.exitCode = await quantize(model, options, terminal);
    });
}

async function quantize(model: string | undefined, options: QuantizeOptions, terminal: Terminal): Promise<number> {
  const path = resolveModel(model, terminal, 'fp32');
  const out = resolve(terminal.cwd, options.out);
  await refuseToOverwrite(out, [path]);
  const file = await beginFile(out, 'The model');
  const bar = progress(terminal, 'Quantising');
  try {
    const content = await readModel(modelOnDisk(path));
    const { layers } = options;
    const choice = layers === 'measured' || layers === 'all' ? layers : await readLayers(resolve(terminal.cwd, layers));
    const partitions = await Partitions.open({ ...options, spec: content.spec }, terminal);
    const quantized = await quantizeModel(content, {
      ...modelUse(options),
      batches: (size) => partitions.batches(size),
      calibrateOn: options.calibrate,
      verifyOn: options.verify,
      layers: choice,
      maxChange: options.maxChange,
      maxAnswerChange: options.maxAnswerChange,
      maxNmadChange: options.maxNmadChange / 100,
      onProgress: (what, done, total) => {
        terminal.signal.throwIfAborted();
        bar.update(done, total, what.toLowerCase());
      },
    }).finally(() => bar.done());
    partitions.sayUnchecked();
    const { bytes, refusal } = quantized;
    if (refusal === undefined) await file.write(bytes);
    else await file.abandon();
    const written = refusal === undefined ? options.out : null;
    if (options.json) printJson(terminal, { ...changeJson(quantized), written, refusal: refusal ?? null });
    else describe(quantized, terminal);
    if (refusal === undefined && !options.json) printLine(terminal.stdout, `Written to ${options.out}`);
    if (refusal !== undefined) printLine(terminal.stderr, `Nothing was written: ${refusal}.`);
    return refusal === undefined ? EXIT.done : EXIT.failed;
  } catch (error) {
    await file.abandon();
    throw error;
  }
}

function describe({ quantization, change, answers, bins }: Quantized, terminal: Terminal): void {
  const { products, calibrated_on: calibratedOn, galaxies } = quantization;
  printLine(terminal.stdout, `${products} matrix products in 8-bit integers, calibrated on ${calibratedOn} galaxies.`);
  const changes = answers.map(describeAnswerChange);
  if (change !== null) {
    const [most, mean, nearlyAll] = [change.maxDz, change.meanDz, change.dz999].map((dz) => dz.toExponential(1));
    changes.unshift(`redshifts change by at most ${most}, on average ${mean}, of 99.9 % by at most ${nearlyAll}`);
  }
  printLine(terminal.stdout, `${galaxies} other galaxies: ${changes.join('; ')}.`);
  const tables = [
    ...(quantization.layers === undefined ? [] : [layersTable(quantization.layers)]),
    ...(change === null ? [] : [scoresChangeTable(change), ...binTables(bins)]),
  ];
  for (const table of tables) printBlock(terminal.stdout, `\n${formatReportTable(table)}`);
  printLine(terminal.stdout);
}
