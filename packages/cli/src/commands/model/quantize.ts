import { resolve } from 'node:path';
import { modelOnDisk, readModel } from '@cosmicai/inference';
import { binTables, changeJson, quantizeModel, scoresChangeTable, type Quantized } from '@cosmicai/quantize';
import type { ColumnChoice } from '@cosmicai/payload';
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
  readonly maxChange: number;
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
      'Writes a copy of a model whose matrix products are done in integers: activations of 8 bits by their ranges on some galaxies, weights of 7 bits column by column. Compares it with the model on other galaxies, and writes nothing where redshifts or the NMAD change too much.',
    )
    .argument('[model]', 'ONNX file; default: the demo model in float32')
    .requiredOption('-d, --data <partitions...>', 'partition files (.pt) of the survey, or addresses of them')
    .requiredOption('-o, --out <file>', 'ONNX file to write');
  return withModelUse(command)
    .option('--calibrate <n>', 'galaxies that give the ranges of activations', wholeNumber(1), 512)
    .option('--verify <n>', 'other galaxies on which the change is measured', wholeNumber(1), 2048)
    .option('--max-change <x>', 'largest change of a redshift, in units of 1+z', decimalNumber(0, 10), 1e-3)
    .option('--max-nmad-change <percent>', 'largest change of the NMAD', decimalNumber(0, 1000), 1)
    .addOption(columnsOption())
    .addOption(crcOption())
    .option('--json', 'print what was done and what it changes as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cosmicai model quantize model.onnx --data partitions/*.pt -o model-int8.onnx\n',
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
    const partitions = await Partitions.open(options, terminal);
    const quantized = await quantizeModel(await readModel(modelOnDisk(path)), {
      ...modelUse(options),
      batches: (size) => partitions.batches(size),
      calibrateOn: options.calibrate,
      verifyOn: options.verify,
      maxChange: options.maxChange,
      maxNmadChange: options.maxNmadChange / 100,
      onProgress: (what, done, total) => bar.update(done, total, what.toLowerCase()),
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

function describe({ quantization, change, bins }: Quantized, terminal: Terminal): void {
  const { products, calibrated_on: calibratedOn } = quantization;
  const [most, mean, nearlyAll] = [change.maxDz, change.meanDz, change.dz999].map((dz) => dz.toExponential(1));
  printLine(terminal.stdout, `${products} matrix products in 8-bit integers, calibrated on ${calibratedOn} galaxies.`);
  printLine(
    terminal.stdout,
    `${change.galaxies} other galaxies: redshifts change by at most ${most}, on average ${mean}, of 99.9 % by at most ${nearlyAll}.`,
  );
  for (const table of [scoresChangeTable(change), ...binTables(bins)])
    printBlock(terminal.stdout, `\n${formatReportTable(table)}`);
  printLine(terminal.stdout);
}
