import { beginFile } from '@cosmicai/store';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { describeOnnxFile, modelOnDisk, RangeProfile, readSpec, withMetadata } from '@cosmicai/inference';
import {
  TRAINED_RANGES_KEY,
  trainedRangesFile,
  UserInputError,
  type ModelSpec,
  type ColumnChoice,
  type TrainedRanges,
} from '@cosmicai/payload';
import type { Galaxies, GalaxySource } from '@cosmicai/samples';
import { Command } from 'commander';
import { resolveModel } from '../../inputs/files.ts';
import { columnsOption, crcOption, withAccessOptions, type AccessOptions } from '../../inputs/options.ts';
import { Partitions } from '../../inputs/partitions.ts';
import { progress } from '../../output/progress.ts';
import { formatTable } from '../../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../../output/terminal.ts';

interface ProfileOptions extends AccessOptions {
  readonly data: readonly string[];
  readonly out?: string;
  readonly crc: boolean;
  readonly columns?: ColumnChoice;
  readonly json?: boolean;
}

const BATCH = 512;

export function profileCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('profile'))
    .summary('measure the ranges that a model was trained on')
    .description(
      'Measures the ranges of magnitudes and redshifts in the galaxies that a model was trained on, so that what lies outside is flagged. Writes them beside the model (<model>.trained.json), or with --out into a copy of the model.',
    )
    .argument('<model>', 'ONNX file')
    .requiredOption(
      '-d, --data <partitions...>',
      'files of galaxies of the training set, folders of them, addresses, or @list',
    )
    .option('-o, --out <file>', 'write a copy of the model that holds the ranges, instead of the file beside it')
    .addOption(columnsOption())
    .addOption(crcOption())
    .option('--json', 'print the ranges as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai model profile model.onnx --data train/1.pt train/2.pt\n')
    .action((model: string, options: ProfileOptions) => profile(model, options, terminal));
}

async function profile(model: string, options: ProfileOptions, terminal: Terminal): Promise<void> {
  const path = resolveModel(model, terminal);
  const out = options.out === undefined ? trainedRangesFile(path) : resolve(terminal.cwd, options.out);
  if (options.out !== undefined) refuseToLeaveWeights(path, out);
  const file = await beginFile(out, 'The ranges');
  const { ranges, galaxies } = await measure(
    options,
    (await readSpec(modelOnDisk(path), describeOnnxFile(path).metadata)).spec,
    terminal,
  ).catch(async (error: unknown) => {
    await file.abandon();
    throw error;
  });
  const text = JSON.stringify(ranges);
  const content =
    options.out === undefined ? `${text}\n` : withMetadata(await readFile(path), TRAINED_RANGES_KEY, text);
  await file.write(content);
  if (options.json) printJson(terminal, { ...ranges, galaxies, written: out });
  else {
    printBlock(terminal.stdout, `${describe(ranges)}\n`);
    printLine(terminal.stdout, `Measured on ${galaxies} galaxies. Written to ${out}`);
  }
}

/** @throws UserInputError when a copy would be without its weights */
export function refuseToLeaveWeights(path: string, out: string): void {
  const { externalFiles } = describeOnnxFile(path);
  if (externalFiles.length === 0 || dirname(out) === dirname(path)) return;
  throw new UserInputError(
    `The weights of ${path} lie beside it (${externalFiles.join(', ')}), where a copy in ${dirname(out)} would not find them. Name a file in ${dirname(path)} with --out, or leave it away: the ranges are then written beside the model.`,
  );
}

async function measure(
  options: ProfileOptions,
  spec: ModelSpec,
  terminal: Terminal,
): Promise<{ ranges: TrainedRanges; galaxies: number }> {
  const found = new RangeProfile();
  const bar = progress(terminal, 'Measuring');
  try {
    const partitions = await Partitions.open({ ...options, spec }, terminal);
    const told = (batch: Galaxies, source: GalaxySource) => {
      if (batch.redshift === null) throw unlabelled(source.name);
      bar.update(batch.from + batch.count, source.count, source.name);
    };
    for await (const batch of partitions.batches(BATCH, told)) found.add(batch);
    partitions.sayUnchecked();
  } finally {
    bar.done();
  }
  const ranges = found.finish(spec.features.length);
  if (ranges === undefined) {
    throw new UserInputError(
      `No ranges can be measured on ${found.galaxies} galaxies: a magnitude or the redshift is usable in none of them.`,
    );
  }
  return { ranges, galaxies: found.galaxies };
}

function unlabelled(name: string): UserInputError {
  return new UserInputError(
    `${name} has no true redshifts, and their range can't be measured without them. Give partitions of the training set, which have them.`,
  );
}

function describe({ magnitudes, redshift }: TrainedRanges): string {
  const rows = [
    ...magnitudes.map((range, band) => ({ name: `magnitude ${band + 1}`, range })),
    { name: 'redshift', range: redshift },
  ];
  return formatTable(
    [
      { title: 'value', align: 'left', cell: ({ name }) => name },
      { title: 'smallest', cell: ({ range }) => range[0].toPrecision(5) },
      { title: 'largest', cell: ({ range }) => range[1].toPrecision(5) },
    ],
    rows,
  );
}
