import { UserInputError } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import { fitsContent } from '../fits/fits-content.ts';
import { openFitsSource } from '../fits/fits-source.ts';
import { FORMATS } from '../formats.ts';
import { peek } from '../head.ts';
import type { ReadOptions } from '../source.ts';
import { isFitsName, isPackedFitsName } from './file-objects.ts';
import { isCsvName } from './object-table.ts';
import { someOf, type FolderFile, type SampleFolder } from './sample-folder.ts';

/** What samples are read from: a file, or a folder of cutouts. */
export type SampleInput = ByteSource | SampleFolder;

export interface FolderInputs {
  readonly inputs: readonly SampleInput[];
  /** Sentences about files that are not read. */
  readonly notes: readonly string[];
}

export function isFolder(input: SampleInput): input is SampleFolder {
  return 'files' in input;
}

/** FITS files that are looked at for one with an image. */
const MOST_LOOKED_AT = 20;

/**
 * What a folder gives: itself, where its FITS files are cutouts of one galaxy each; otherwise each of its files of samples, in
 * natural order.
 *
 * @throws UserInputError when there are none
 */
export async function inputsIn(folder: SampleFolder, options: ReadOptions = {}): Promise<FolderInputs> {
  if (await hasCutouts(folder, options)) return { inputs: [folder], notes: [] };
  const inputs: ByteSource[] = [];
  const others: string[] = [];
  for (const listed of folder.files) {
    options.signal?.throwIfAborted();
    const file = await listed.open();
    const { head } = await peek(file);
    if (FORMATS.some((format) => format.begins(head))) inputs.push(file);
    else others.push(listed.name);
  }
  if (inputs.length === 0) {
    const found = others.length === 0 ? 'no files' : someOf(others);
    const formats = FORMATS.map(({ name }) => name).join(', ');
    throw new UserInputError(`There are no files of samples in ${folder.name}: found ${found}; read are ${formats}.`);
  }
  const count = `${others.length} file${others.length === 1 ? '' : 's'}`;
  return {
    inputs,
    notes: others.length === 0 ? [] : [`${count} of ${folder.name} of no format that is read: ${someOf(others)}.`],
  };
}

/** Whether the first FITS file with an image holds one galaxy. A folder of packed ones alone counts, so that it says what they need. */
export async function hasCutouts({ files }: SampleFolder, options: ReadOptions): Promise<boolean> {
  const fits = files.filter(({ name }) => isFitsName(name));
  if (fits.length === 0)
    return files.length > 0 && files.every(({ name }) => isCsvName(name) || isPackedFitsName(name));
  for (const file of fits.slice(0, MOST_LOOKED_AT)) {
    const found = await galaxiesIn(file, options);
    if (found !== undefined) return found === 1;
  }
  return false;
}

/** How many galaxies have an image in a file; undefined where none has, or it can't be read. */
async function galaxiesIn(listed: FolderFile, options: ReadOptions): Promise<number | undefined> {
  try {
    const file = await listed.open();
    const { images } = await fitsContent(file, options);
    const { count, columns } = await openFitsSource(file, { ...options, checkCrc: false });
    return images.length > 0 || columns.some(({ shape }) => shape.length > 1) ? count : undefined;
  } catch (error) {
    if (error instanceof UserInputError) return undefined;
    throw error;
  }
}
