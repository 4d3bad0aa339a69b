import { UnusableFileError, UserInputError } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import { describeStart, otherFormat } from '@cosmicai/torchfile';
import type { OpenSamplesOptions, SampleFormat, SamplesPart, SplitOptions, WrittenPart } from './format.ts';
import { FORMATS } from './formats.ts';
import { openCutouts } from './folder/cutouts.ts';
import { isFolder, type SampleInput } from './folder/folder-inputs.ts';
import { peek } from './head.ts';
import type { SampleSource } from './source.ts';

/** A file that is of no format that samples are read from. */
export class UnknownFormatError extends UnusableFileError {}

/**
 * Opens a file of samples, whose format is told by how it begins, whatever its name; or a folder of cutouts.
 *
 * @throws UnknownFormatError that says what the file is, where that can be told
 * @throws UnusableFileError when it is damaged, or holds something else than samples
 */
export async function openSamples(
  input: SampleInput,
  options: OpenSamplesOptions = {},
  formats: readonly SampleFormat[] = FORMATS,
): Promise<SampleSource> {
  if (isFolder(input)) return openCutouts(input, options);
  const recognised = await recognise(input, formats);
  return recognised.format.open(recognised.file, options);
}

/**
 * Splits a file of samples into smaller ones of the same format, bit for bit.
 *
 * @param targetBytes nominal size of a file
 * @param sink writes one file; the next begins when its promise is fulfilled
 * @returns the files, in order
 * @throws UnusableFileError when the file is damaged; what was written before is then not to be used
 * @throws UserInputError when files of its format can't be split
 */
export async function splitSamples(
  file: ByteSource,
  targetBytes: number,
  sink: (part: SamplesPart) => Promise<unknown>,
  options: SplitOptions = {},
  formats: readonly SampleFormat[] = FORMATS,
): Promise<WrittenPart[]> {
  const { format, file: peeked } = await recognise(file, formats);
  if (format.split !== undefined) return format.split(peeked, targetBytes, sink, options);
  const able = formats.filter((known) => known.split !== undefined).map(({ name }) => name);
  throw new UserInputError(
    `${file.name} is a ${format.name} file, which can’t be split bit for bit; files of these formats can: ${able.join(', ')}.`,
  );
}

/** The format of a file, and the file to be read on. */
async function recognise(
  file: ByteSource,
  formats: readonly SampleFormat[],
): Promise<{ readonly format: SampleFormat; readonly file: ByteSource }> {
  const peeked = await peek(file);
  const format = formats.find((candidate) => candidate.begins(peeked.head));
  if (format === undefined) throw unknown(file.name, peeked.head, formats);
  return { format, file: peeked.file };
}

function unknown(name: string, head: Uint8Array, formats: readonly SampleFormat[]): UnknownFormatError {
  const other = otherFormat(head);
  if (other !== undefined) return new UnknownFormatError(name, 0, `${other.is}; ${other.remedy}`);
  const names = listed(formats.map((format) => format.name));
  const expected = listed(formats.map((format) => format.signature));
  return new UnknownFormatError(name, 0, `no ${names} file: expected ${expected}; found ${describeStart(head)}`);
}

/** `a`, `a or b`, `a, b or c`. */
function listed(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ');
}
