import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CatalogueError } from './catalogue-error.ts';

/** A line of the widest known catalogues is below 4 KB. */
export const LONGEST_LINE = 65_536;
/** Enough to see what a file is, and its header. */
const LOOKED_AT = 2 * LONGEST_LINE;

export interface CatalogueText {
  readonly delimiter: ',' | ';' | '\t';
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** What is often given in a catalogue's place, by its first bytes. */
const OTHER_FILES: readonly (readonly [start: RegExp, what: string])[] = [
  [/^version https:\/\/git-lfs/, 'a pointer of Git LFS; fetch the file itself with: git lfs pull'],
  [
    /^\s*(<!doctype html|<html)/i,
    'an HTML page: what answered the download wasn’t the catalogue; look at it in a browser',
  ],
  [/^\s*<\?xml|^\s*<votable/i, 'XML, a VOTable perhaps; save it as CSV'],
  [/^SIMPLE {2}=/, 'a FITS file; save its table as CSV'],
  [/^PAR1/, 'a Parquet file; save it as CSV'],
  [/^\x89HDF/, 'an HDF5 file; save its table as CSV'],
  [/^PK\W/, 'a zip archive (or a spreadsheet); unpack it, or save the sheet as CSV'],
  [/^(BZh|\xfd7zXZ|\x28\xb5\x2f\xfd)/, 'compressed in a way that isn’t read here; unpack it, or use gzip'],
  [/^(\xff\xfe|\xfe\xff)/, 'text in UTF-16; save it as UTF-8'],
  [/^\s*[[{]/, 'JSON; save it as CSV'],
];

/**
 * Unpacks gzip, tells how cells are parted, and names what is not a catalogue at all.
 *
 * @throws CatalogueError here, and while reading when packed bytes are damaged
 */
export async function openCatalogueText(
  content: AsyncIterable<Uint8Array | string>,
  name: string,
): Promise<CatalogueText> {
  let { start, all } = await lookAt(buffers(content), 2);
  if (start[0] === 0x1f && start[1] === 0x8b) all = unpacked(all, name);
  ({ start, all } = await lookAt(all, LOOKED_AT));
  const beginning = start.toString('latin1');
  const other = OTHER_FILES.find(([pattern]) => pattern.test(beginning))?.[1];
  if (other !== undefined) throw new CatalogueError(`${name} is ${other}.`);
  if (start.includes(0)) throw new CatalogueError(`${name} is not text: expected a CSV file with a header line.`);
  return { delimiter: delimiterOf(beginning), bytes: all };
}

async function* buffers(content: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  for await (const part of content) yield Buffer.from(part as Uint8Array);
}

/** The first bytes, and all of them including these. */
async function lookAt(
  content: AsyncIterable<Buffer>,
  length: number,
): Promise<{ start: Buffer; all: AsyncIterable<Buffer> }> {
  const iterator = content[Symbol.asyncIterator]();
  const parts: Buffer[] = [];
  for (let seen = 0; seen < length;) {
    const next = await iterator.next();
    if (next.done === true) break;
    parts.push(next.value);
    seen += next.value.length;
  }
  const all = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* parts;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  };
  return { start: Buffer.concat(parts).subarray(0, length), all: all() };
}

async function* unpacked(content: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  // Errors of both come out of the loop below.
  pipeline(Readable.from(content), gunzip, () => undefined);
  try {
    for await (const part of gunzip) yield part as Buffer;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_') !== true) throw error;
    throw new CatalogueError(`${name} is gzip that is damaged or not all there: ${message}. Copy it again.`, {
      cause: error,
    });
  }
}

/** The mark that parts most cells of the header. */
function delimiterOf(beginning: string): ',' | ';' | '\t' {
  const header = beginning.split(/\r?\n/).find((line) => /[,;\t]/.test(line)) ?? '';
  const marks = ([',', ';', '\t'] as const).map((mark) => ({ mark, count: header.split(mark).length }));
  return marks.reduce((best, next) => (next.count > best.count ? next : best)).mark;
}
