import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { FAMILIES, importModel, inspectFile, namesIn, SIGMA_KINDS, type SigmaKind } from '@cosmicai/families';
import { modelOnDisk, specBeside } from '@cosmicai/inference';
import { defined, trainedRangesFile, trainedRangesSchema } from '@cosmicai/payload';
import { beginFile, pathAt, writeNamedFile } from '@cosmicai/store';
import { Command, Option } from 'commander';
import { existingSource, refuseToOverwrite } from '../../inputs/files.ts';
import { readJson } from '../../inputs/json-file.ts';
import {
  accessOf,
  crcOption,
  decimalNumber,
  interval,
  wholeNumber,
  withAccessOptions,
  words,
  type AccessOptions,
} from '../../inputs/options.ts';
import { EXIT } from '../../output/errors.ts';
import { notChecked } from '../../output/not-checked.ts';
import { setIn } from '../../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../../output/terminal.ts';
import { describeModel, inspectionJson } from './describe-model.ts';

interface ImportOptions extends AccessOptions {
  readonly out: string;
  readonly weights: 'fp32' | 'fp16';
  readonly fold: boolean;
  readonly crc: boolean;
  readonly heads?: number;
  readonly normEpsilon?: number;
  readonly prefix?: string;
  readonly bands?: string[];
  readonly features?: string[];
  readonly grid?: [number, number];
  readonly sigma?: SigmaKind;
  readonly json?: boolean;
}

export function importCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('import'))
    .summary('compile a PyTorch checkpoint to ONNX')
    .description(
      `Compiles a checkpoint of ${FAMILIES.map(({ reads }) => reads).join(', or of ')} to ONNX and tries the model on a few galaxies. Nothing in the file is executed.`,
    )
    .argument('<checkpoint>', 'checkpoint (.pt), or a file:// or s3:// address of one')
    .requiredOption('-o, --out <file>', 'ONNX file to write')
    .addOption(
      new Option('--weights <type>', 'precision of the stored weights; arithmetic stays fp32')
        .choices(['fp32', 'fp16'])
        .default('fp32'),
    )
    .option('--no-fold', 'keep the literal graph, for comparison')
    .option(
      '--heads <n>',
      'attention heads: required for a bare state dict, which has no trace of them, unless Lightning’s hyper_parameters name them',
      wholeNumber(1),
    )
    .option('--norm-epsilon <x>', 'LayerNorm epsilon of the blocks of a bare state dict', decimalNumber(0, 1))
    .option('--prefix <name>', 'which of several networks in the file: what stands before its names (ema_model)')
    .option('--bands <names>', 'bands of the images, by commas (default: u,g,r,i,z of a network of five)', words)
    .option('--features <names>', 'the numbers beside the image, by commas (default: magnitudes in the bands)', words)
    .option('--grid <from:to>', 'redshifts that the bins of a density cover, in equal widths', interval)
    .addOption(
      new Option('--sigma <kind>', 'the head’s two outputs are a redshift and its uncertainty, given as this').choices(
        SIGMA_KINDS,
      ),
    )
    .addOption(crcOption())
    .option('--json', 'print what inspect would, as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai model import checkpoint.pt -o astromae.onnx --weights fp16\n')
    .action((checkpoint: string, options: ImportOptions) => importCheckpoint(checkpoint, options, terminal));
}

async function importCheckpoint(checkpoint: string, options: ImportOptions, terminal: Terminal): Promise<void> {
  const given = pathAt(checkpoint) ?? resolve(terminal.cwd, checkpoint);
  const ranges = await rangesBeside(given);
  const said = await specBeside(modelOnDisk(given), basename(given));
  const source = await existingSource(checkpoint, terminal.cwd, accessOf(options));
  const path = resolve(terminal.cwd, options.out);
  await refuseToOverwrite(path, [source.name]);
  const file = await beginFile(path, 'The model');
  const { model, assumptions, unchecked } = await importModel(source, {
    heads: options.heads,
    normEpsilon: options.normEpsilon,
    prefix: options.prefix,
    ...(said.file !== undefined && namesIn(said.spec)),
    ...defined({
      bands: options.bands,
      features: options.features,
      grid: options.grid,
      sigma: options.sigma,
    }),
    fold: options.fold,
    checkCrc: options.crc,
    weightsType: options.weights,
  }).catch(async (error: unknown) => {
    await file.abandon();
    throw error;
  });
  if (unchecked !== undefined) printLine(terminal.stderr, notChecked(source.name, unchecked));
  if (said.file !== undefined) printLine(terminal.stderr, `Names of inputs and outputs: ${said.file.label}`);
  for (const assumption of assumptions) printLine(terminal.stderr, `Assumed: ${assumption}`);
  await file.write(model);
  if (ranges !== undefined) await writeNamedFile(trainedRangesFile(path), 'The ranges', ranges);
  const inspection = await inspectFile(path, {});
  if (options.json) printJson(terminal, inspectionJson(inspection));
  else {
    printBlock(terminal.stdout, `${describeModel(inspection)}\n`);
    printLine(terminal.stdout, `Written to ${path}`);
  }
  if (!inspection.inference.usable) {
    printBlock(terminal.stderr, setIn(`Written to ${path}, but infer can't run it: ${inspection.inference.why}`));
    process.exitCode = EXIT.failed;
  }
}

/**
 * What the checkpoint was trained on, from the file that training wrote beside it: a compiled model gets it too.
 *
 * @param checkpoint its path; what was named by an s3:// address is none, and nothing is looked for beside it
 * @returns undefined where there is none
 * @throws InvalidInputError when it holds something else
 */
async function rangesBeside(checkpoint: string): Promise<string | undefined> {
  const beside = trainedRangesFile(checkpoint);
  const found = await stat(beside).catch(() => undefined);
  if (found?.isFile() !== true) return undefined;
  return `${JSON.stringify(await readJson(beside, trainedRangesSchema))}\n`;
}
