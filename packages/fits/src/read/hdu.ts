import type { ByteSource, ReadOptions } from '@cosmicai/store';
import { FitsFileError } from '../errors.ts';
import { BLOCK_BYTES, type Card } from '../header/card.ts';
import { parseCards } from '../header/parse.ts';
import { Header } from './header.ts';
import { readExactly, truncated } from './read-exactly.ts';

/** Headers are read in pieces of so many bytes: one request for the headers of a few small HDUs. */
const WINDOW_BYTES = 24 * BLOCK_BYTES;
/** The longest header that is read; the longest ones in archives have a few thousand cards. */
const MOST_HEADER_BYTES = 4096 * BLOCK_BYTES;
/** As the standard has it. */
const MOST_AXES = 999;
const BITPIX: ReadonlySet<number> = new Set([8, 16, 32, 64, -32, -64]);

/**
 * What lies in an HDU. `empty` has a header alone; `compressed` is an image in tiles that are compressed; `ascii-table` and
 * `other` are known by their extent only.
 */
export type HduKind = 'image' | 'table' | 'ascii-table' | 'compressed' | 'empty' | 'other';

/** One header with its data. */
export interface Hdu {
  /** 0 for the primary one. */
  readonly index: number;
  readonly kind: HduKind;
  readonly header: Header;
  /** Where the data lies in the file, without what fills the last block. */
  readonly start: number;
  readonly end: number;
}

/**
 * The HDUs of a file, one after the other; only headers are read.
 *
 * @throws FitsFileError when the file is no FITS file, damaged or truncated
 */
export async function* hdusOf(file: ByteSource, options: ReadOptions = {}): AsyncGenerator<Hdu, void, undefined> {
  const window = new Window(file, options);
  let at = 0;
  for (let index = 0; at < file.size; index++) {
    // Whatever follows the last HDU and is none belongs to nobody.
    if (index > 0 && !(await window.startsWith(at, 'XTENSION'))) return;
    const { cards, length } = await readHeader(window, file, index, at);
    const hdu = describe(new Header(file.name, index, at, cards), index, at + length);
    const next = hdu.start + Math.ceil((hdu.end - hdu.start) / BLOCK_BYTES) * BLOCK_BYTES;
    if (next > file.size) throw truncated(file, `the data of ${hdu.header.hdu}`, next);
    yield hdu;
    at = next;
  }
  if (at === 0) throw new FitsFileError(file.name, 0, 'the file is empty');
}

async function readHeader(
  window: Window,
  file: ByteSource,
  index: number,
  at: number,
): Promise<{ readonly cards: readonly Card[]; readonly length: number }> {
  const blocks: Uint8Array[] = [];
  for (let length = 0; ; length += BLOCK_BYTES) {
    if (length >= MOST_HEADER_BYTES) {
      throw new FitsFileError(
        file.name,
        at,
        `HDU ${index} has a header without END in its first ${MOST_HEADER_BYTES} bytes`,
      );
    }
    const block = await window.read(at + length, BLOCK_BYTES, `the header of HDU ${index}`);
    if (length === 0 && index === 0 && !beginsPrimary(block)) {
      throw new FitsFileError(file.name, 0, 'no FITS file: expected SIMPLE  =                    T at its beginning');
    }
    blocks.push(block);
    if (!hasEnd(block)) continue;
    // A keyword END is only one at the beginning of a card, and never inside of a text.
    const { cards, ended } = parseCards(Buffer.concat(blocks));
    if (ended) return { cards, length: length + BLOCK_BYTES };
  }
}

function beginsPrimary(block: Uint8Array): boolean {
  return /^SIMPLE {2}= +T *(\/|$)/.test(Buffer.from(block.subarray(0, 80)).toString('latin1'));
}

function hasEnd(block: Uint8Array): boolean {
  return parseCards(block).ended;
}

function describe(header: Header, index: number, start: number): Hdu {
  const bitpix = header.whole('BITPIX', { least: -64, most: 64 });
  if (!BITPIX.has(bitpix)) throw header.refusal(`BITPIX is ${bitpix}; expected 8, 16, 32, 64, -32 or -64`);
  const axes = axesOf(header);
  const isGroups = axes[0] === 0 && axes.length > 1 && header.flag('GROUPS');
  const elements =
    axes.length === 0 ? 0 : (isGroups ? axes.slice(1) : axes).reduce((product, size) => product * size, 1);
  const extra = header.whole('PCOUNT', { otherwise: 0 });
  const groups = header.whole('GCOUNT', { otherwise: 1 });
  const bytes = (Math.abs(bitpix) / 8) * groups * (elements + (axes.length === 0 ? 0 : extra));
  if (!Number.isSafeInteger(bytes)) throw header.refusal(`its NAXISn say that it has ${bytes} bytes of data`);
  const kind = isGroups ? 'other' : kindOf(header, index, bytes);
  return { index, kind, header, start, end: start + bytes };
}

/** NAXIS1, NAXIS2 … */
export function axesOf(header: Header): number[] {
  const count = header.whole('NAXIS', { most: MOST_AXES });
  return Array.from({ length: count }, (_, axis) => header.whole(`NAXIS${axis + 1}`));
}

function kindOf(header: Header, index: number, bytes: number): HduKind {
  const extension = index === 0 ? 'IMAGE' : header.text('XTENSION');
  if (extension === 'BINTABLE') return header.flag('ZIMAGE') ? 'compressed' : 'table';
  if (extension === 'TABLE') return 'ascii-table';
  if (extension !== 'IMAGE') return 'other';
  return bytes === 0 ? 'empty' : 'image';
}

/** Reads that go on from each other, answered from one piece of the file while they lie in it. */
class Window {
  readonly #file: ByteSource;
  readonly #options: ReadOptions;
  #from = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(file: ByteSource, options: ReadOptions) {
    this.#file = file;
    this.#options = options;
  }

  async read(start: number, length: number, what: string): Promise<Uint8Array> {
    const end = start + length;
    if (end > this.#file.size) throw truncated(this.#file, what, end);
    if (start < this.#from || end > this.#from + this.#bytes.length) {
      const piece = Math.min(start + WINDOW_BYTES, this.#file.size);
      this.#bytes = await readExactly(this.#file, start, piece, what, this.#options);
      this.#from = start;
    }
    return this.#bytes.subarray(start - this.#from, end - this.#from);
  }

  async startsWith(start: number, text: string): Promise<boolean> {
    if (start + text.length > this.#file.size) return false;
    return Buffer.from(await this.read(start, text.length, '')).toString('latin1') === text;
  }
}
