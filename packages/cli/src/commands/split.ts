import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { UnusableFileError, type ColumnChoice } from '@cosmicai/payload';
import { openSamples, splitSamples, type SamplesPart } from '@cosmicai/samples';
import { bucketAndPrefix, folderAddress, makeNamedFolder, openStore } from '@cosmicai/store';
import { Command } from 'commander';
import { existingSource } from '../inputs/files.ts';
import {
  accessOf,
  columnsOption,
  partitionSizeOption,
  crcOption,
  withAccessOptions,
  type AccessOptions,
} from '../inputs/options.ts';
import { progress } from '../output/progress.ts';
import { formatPartitions } from '../output/table.ts';
import { printBlock, printJson, type Terminal } from '../output/terminal.ts';

interface SplitOptions extends AccessOptions {
  readonly partitionSize: number;
  readonly out: string;
  readonly json?: boolean;
  readonly crc: boolean;
  readonly columns?: ColumnChoice;
}

export function splitCommand(terminal: Terminal): Command {
  return withAccessOptions(new Command('split'))
    .description(
      'Splits a big partition file into partitions 1.pt, 2.pt, …, bit for bit, without holding it in memory.',
    )
    .argument('<file>', 'partition file (.pt), or a file:// or s3:// address of one')
    .addOption(partitionSizeOption('size of a partition, e.g. 25MB: 1,278 galaxies, as the published partitions have'))
    .requiredOption('-o, --out <folder>', 'folder or store address for the files')
    .addOption(columnsOption())
    .addOption(crcOption())
    .option('--json', 'print the files written as JSON')
    .addHelpText('after', '\nExample:\n  cosmicai split full.pt --partition-size 100MB --out s3://galaxies/100MB\n')
    .action((file: string, options: SplitOptions) => split(file, options, terminal));
}

async function split(file: string, options: SplitOptions, terminal: Terminal): Promise<void> {
  const source = await existingSource(file, terminal.cwd, accessOf(options));
  const reading = { checkCrc: options.crc, columns: options.columns };
  const { count } = await openSamples(source, reading);
  const { bucket, prefix } = bucketAndPrefix(folderAddress(options.out, terminal.cwd));
  const folder = options.out.includes('://')
    ? undefined
    : await makeNamedFolder(resolve(terminal.cwd, options.out), 'Partitions');
  const store = openStore(bucket);
  const bar = progress(terminal, 'Splitting');
  const written: string[] = [];
  const write = async (part: SamplesPart) => {
    terminal.signal.throwIfAborted();
    const key = prefix === '' ? part.name : `${prefix}/${part.name}`;
    await store.put(key, Readable.from(part.content), { signal: terminal.signal });
    written.push(key);
    bar.update(part.from + part.count, count, part.name);
  };
  try {
    const parts = await splitSamples(source, options.partitionSize, write, reading);
    if (options.json) printJson(terminal, parts);
    else {
      printBlock(terminal.stdout, formatPartitions(parts));
    }
  } catch (error) {
    // Parts of a damaged file must not be taken for sound ones.
    if (error instanceof UnusableFileError) for (const key of written) await store.delete(key);
    await folder?.abandon();
    throw error;
  } finally {
    bar.done();
  }
}
