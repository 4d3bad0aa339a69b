import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { hasEnding, UserInputError, type ColumnChoice } from '@cosmicai/payload';
import { convertSamples, type ConvertedPart } from '@cosmicai/samples';
import { bucketAndPrefix, folderAddress, listAll, makeNamedFolder, openStore, type MadeFolder } from '@cosmicai/store';
import { Command } from 'commander';
import { sampleInputs } from '../inputs/files.ts';
import {
  accessOf,
  columnsOption,
  tableOption,
  crcOption,
  partitionSizeOption,
  withAccessOptions,
  type AccessOptions,
} from '../inputs/options.ts';
import { progress } from '../output/progress.ts';
import { formatPartitions } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';

interface ConvertCommandOptions extends AccessOptions {
  readonly partitionSize: number;
  readonly out: string;
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly crc: boolean;
  readonly columns?: ColumnChoice;
  readonly table?: string;
}

export function convertCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('convert'))
    .description(
      'Converts files of galaxies (HDF5, FITS, Parquet, npz, …) or folders of FITS cutouts into partitions 1.pt, 2.pt, …, with all columns, some rows at a time.',
    )
    .argument('<sources...>', 'files or folders, or file:// and s3:// addresses of them')
    .addOption(partitionSizeOption('size of a partition, up to 1GB'))
    .requiredOption('-o, --out <folder>', 'folder or store address for the partitions')
    .addOption(columnsOption())
    .addOption(tableOption())
    .option('--strict', 'refuse a folder with files that are missing, that nobody names, or that can’t be read')
    .addOption(crcOption())
    .option('--json', 'print the columns and files written as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  cosmicai convert galaxies.h5 --columns redshift=specz_redshift,id=object_id --out partitions\n',
    )
    .action((sources: string[], options: ConvertCommandOptions) => convert(sources, options, terminal));
}

async function convert(paths: readonly string[], options: ConvertCommandOptions, terminal: Terminal): Promise<void> {
  const { inputs, notes: stray } = await sampleInputs(paths, terminal.cwd, {
    ...accessOf(options),
    table: options.table,
  });
  const { bucket, prefix } = bucketAndPrefix(folderAddress(options.out, terminal.cwd));
  const store = openStore(bucket);
  const start = prefix === '' ? '' : `${prefix}/`;
  const bar = progress(terminal, 'Converting');
  const files: { name: string; from: number; count: number; size: number }[] = [];
  const write = async ({ content, ...part }: ConvertedPart, total: number) => {
    if (folder === undefined && files.length === 0) await begin();
    const body = Readable.from(content, { objectMode: false });
    const { size } = await store.put(`${start}${part.name}`, body, { signal: terminal.signal });
    files.push({ ...part, size });
    bar.update(part.from + part.count, total, part.name);
  };
  let folder: MadeFolder | undefined;
  const begin = async () => {
    if (!options.out.includes('://')) folder = await makeNamedFolder(resolve(terminal.cwd, options.out), 'Partitions');
    const { objects } = await listAll(store, start);
    if (!objects.some(({ key }) => hasEnding(key, '.pt'))) return;
    throw new UserInputError(`There are partitions in ${options.out} already. Choose another folder for --out.`);
  };
  try {
    const { samples, columns, notes } = await convertSamples(
      inputs,
      {
        targetBytes: options.partitionSize,
        columns: options.columns,
        strict: options.strict,
        checkCrc: options.crc,
        signal: terminal.signal,
      },
      write,
    );
    const all = [...stray, ...notes];
    if (options.json) {
      printJson(terminal, { samples, columns, files, warnings: all });
      return;
    }
    printBlock(terminal.stdout, formatPartitions(files));
    for (const note of all) printLine(terminal.stderr, note);
  } catch (error) {
    // Partitions of what can't be read to its end must not be taken for all of it.
    for (const { name } of files) await store.delete(`${start}${name}`);
    await folder?.abandon();
    throw error;
  } finally {
    bar.done();
  }
}
