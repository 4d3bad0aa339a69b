import { crc32 } from 'node:zlib';
import { combineCrc32 } from './crc32-combine.ts';

/** Bytes [from, to) of an entry. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

interface SummedRange extends ByteRange {
  to: number;
  sum: number;
}

/** CRC-32 of bytes that come in pieces, in any order, also more than once. Bytes in order cost no more than their sum. */
export class RangeSum {
  readonly #size: number;
  /** Apart from each other, in order. */
  readonly #ranges: SummedRange[] = [];

  /** @param size bytes in all */
  constructor(size: number) {
    this.#size = size;
  }

  /** @param from where in the whole the bytes lie; those that came before count once */
  add(from: number, bytes: Uint8Array): void {
    const to = from + bytes.byteLength;
    let position = from;
    while (position < to) {
      const known = this.#ranges.find((range) => range.from <= position && position < range.to);
      if (known !== undefined) {
        position = known.to;
        continue;
      }
      const next = this.#ranges.find((range) => range.from > position);
      const end = Math.min(to, next?.from ?? to);
      this.#insert(position, bytes.subarray(position - from, end - from));
      position = end;
    }
  }

  /** What did not come yet. */
  missing(): ByteRange[] {
    const starts = [0, ...this.#ranges.map(({ to }) => to)];
    const ends = [...this.#ranges.map(({ from }) => from), this.#size];
    return starts.map((from, index) => ({ from, to: ends[index] ?? from })).filter(({ from, to }) => from < to);
  }

  /** The sum of the whole. @throws RangeError when bytes are missing */
  get value(): number {
    if (this.#size === 0) return 0;
    const [whole, ...more] = this.#ranges;
    if (whole === undefined || more.length > 0 || whole.from !== 0 || whole.to !== this.#size)
      throw new RangeError('a CRC-32 of which bytes are missing');
    return whole.sum;
  }

  #insert(from: number, bytes: Uint8Array): void {
    const before = this.#ranges.findIndex((range) => range.to === from);
    const to = from + bytes.byteLength;
    const range = this.#ranges[before];
    if (range !== undefined) {
      range.sum = crc32(bytes, range.sum);
      range.to = to;
      this.#join(before);
      return;
    }
    const place = this.#ranges.findIndex((range) => range.from > from);
    const index = place < 0 ? this.#ranges.length : place;
    this.#ranges.splice(index, 0, { from, to, sum: crc32(bytes) });
    this.#join(index);
  }

  /** Joins a range with the one after it where they meet. */
  #join(index: number): void {
    const range = this.#ranges[index];
    const next = this.#ranges[index + 1];
    if (next === undefined || range?.to !== next.from) return;
    range.sum = combineCrc32(range.sum, next.sum, next.to - next.from);
    range.to = next.to;
    this.#ranges.splice(index + 1, 1);
  }
}
