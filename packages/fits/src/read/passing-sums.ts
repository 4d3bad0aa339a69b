import type { ByteSource, ReadOptions } from '@cosmicai/store';
import { FitsSum } from '../checksum.ts';
import { FitsFileError } from '../errors.ts';
import { blocksEnd, saidSum } from './data-sum.ts';
import type { Hdu } from './hdu.ts';
import { readExactly } from './read-exactly.ts';

/** Read at a time where bytes are read for their sum alone. */
const CHUNK_BYTES = 4 * 2 ** 20;
/** The rest of an HDU up to this is read for its sum, or up to as much as was read of it anyway. */
const SMALL_REST_BYTES = 16 * 2 ** 20;

/** Of what is summed. */
const WORD = 4;

interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Takes the sums of data (DATASUM) while they are read for something else. */
export class PassingSums implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #file: ByteSource;
  #data: readonly DataSum[] = [];

  constructor(file: ByteSource) {
    this.name = file.name;
    this.size = file.size;
    this.#file = file;
  }

  async read(start: number, end: number, options?: ReadOptions): Promise<Uint8Array> {
    const bytes = await this.#file.read(start, end, options);
    for (const data of this.#data) data.add(start, bytes);
    return bytes;
  }

  /** What is read from now on counts. @param hdus whose data are read */
  watch(hdus: readonly Hdu[]): void {
    this.#data = hdus.map((hdu) => new DataSum(hdu));
  }

  /**
   * Reads what is left of the data where that is little, and compares.
   *
   * @returns names of the HDUs whose data have no sum, and of those of which too much was never asked for
   * @throws FitsFileError that names the HDU whose data don't fit their sum
   */
  async finish(
    options?: ReadOptions,
  ): Promise<{ readonly unsummed: readonly string[]; readonly partly: readonly string[] }> {
    const [unsummed, partly]: [string[], string[]] = [[], []];
    for (const data of this.#data.filter(({ isSeen }) => isSeen)) {
      if (data.expected === undefined) unsummed.push(data.hdu);
      else if (!(await data.complete(this.#file, options))) partly.push(data.hdu);
      else if (data.value !== data.expected) throw wrongSum(this.name, data);
    }
    return { unsummed, partly };
  }
}

/** That the data of an HDU, which begin at `from`, don't fit their sum. */
export function wrongSum(file: string, { hdu, from }: { readonly hdu: string; readonly from: number }): FitsFileError {
  return new FitsFileError(
    file,
    from,
    `the data of ${hdu} don’t fit their DATASUM: the file was damaged when it was stored or copied, or changed without its sum. Copy it again from where it is sound, or read on without sums with --no-crc (check_crc: false in a payload)`,
  );
}

/** The sum of the data of an HDU, with what fills the last block, of bytes that come in pieces. */
class DataSum {
  readonly hdu: string;
  readonly from: number;
  readonly expected: number | undefined;
  readonly #to: number;
  readonly #sum = new FitsSum();
  /** What came, apart from each other and in order; each byte counts once. */
  #ranges: readonly ByteRange[] = [];

  constructor(hdu: Hdu) {
    this.hdu = hdu.header.hdu;
    this.from = hdu.start;
    this.#to = blocksEnd(hdu);
    this.expected = saidSum(hdu);
  }

  get isSeen(): boolean {
    return this.#ranges.length > 0;
  }

  get value(): number {
    return this.#sum.value;
  }

  /** @param start where in the file the bytes lie, of which those of other HDUs are passed over */
  add(start: number, bytes: Uint8Array): void {
    const seen = { from: Math.max(start, this.from), to: Math.min(start + bytes.byteLength, this.#to) };
    if (seen.from >= seen.to) return;
    for (const { from, to } of this.#missing(seen)) {
      // The sum is of words: zeros stand for the bytes around these.
      const [before, after] = [(from - this.from) % WORD, (this.#to - to) % WORD];
      const part = bytes.subarray(from - start, to - start);
      this.#sum.add(before + after === 0 ? part : Buffer.concat([Buffer.alloc(before), part, Buffer.alloc(after)]));
    }
    this.#ranges = joined([...this.#ranges, seen]);
  }

  /** Reads the bytes that the sum lacks; false when they are too many. */
  async complete(file: ByteSource, options?: ReadOptions): Promise<boolean> {
    const missing = this.#missing({ from: this.from, to: this.#to });
    const rest = missing.reduce((sum, { from, to }) => sum + to - from, 0);
    if (rest > Math.max(SMALL_REST_BYTES, this.#to - this.from - rest)) return false;
    for (const { from, to } of missing)
      for (let at = from; at < to; at += CHUNK_BYTES)
        this.add(at, await readExactly(file, at, Math.min(to, at + CHUNK_BYTES), `the data of ${this.hdu}`, options));
    return true;
  }

  /** What of a range didn't come yet. */
  #missing({ from, to }: ByteRange): ByteRange[] {
    const known = this.#ranges.filter((range) => range.from < to && from < range.to);
    const starts = [from, ...known.map((range) => range.to)];
    const ends = [...known.map((range) => range.from), to];
    return starts.map((start, at) => ({ from: start, to: ends[at] ?? to })).filter((gap) => gap.from < gap.to);
  }
}

function joined(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const all: ByteRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last === undefined || last.to < range.from) all.push(range);
    else all[all.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
  }
  return all;
}
