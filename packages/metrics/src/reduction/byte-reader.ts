import { UnusableFileError } from '@cosmicai/payload';
import type { Counts } from './counts.ts';

const MORE = 128;

/** Reads what a ByteWriter wrote, and believes none of it. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #name: string;
  #at = 0;

  /** @param name of the file, for messages */
  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#name = name;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  fail(problem: string): never {
    throw new UnusableFileError(this.#name, this.#at, problem);
  }

  raw(length: number): Buffer {
    this.#need(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** From 0 to 2^53 - 1. */
  whole(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) {
        this.#at = this.#bytes.length;
        return this.fail('it ends in the middle of a number');
      }
      value += (byte % MORE) * factor;
      if (value > Number.MAX_SAFE_INTEGER) this.fail('a number in it is too large');
      if (byte < MORE) return value;
      factor *= MORE;
    }
  }

  /** A finite one. */
  double(): number {
    this.#need(8);
    const value = this.#bytes.readDoubleLE(this.#at);
    if (!Number.isFinite(value)) this.fail('a number in it is not finite');
    this.#at += 8;
    return value;
  }

  text(): string {
    return this.raw(this.whole()).toString();
  }

  /** How many things follow that take so many bytes at least, each. */
  length(least: number): number {
    const length = this.whole();
    if (length * least > this.left) this.fail(`it ends before the ${length} entries that should follow`);
    return length;
  }

  /** Ascending keys from `from` to before `to`. */
  counts(from: number, to: number): Counts {
    const length = this.length(2);
    const keys = new Int32Array(length);
    const counts = new Float64Array(length);
    let key = from;
    for (let at = 0; at < length; at++) {
      const step = this.whole();
      key += step;
      const count = this.whole();
      if ((at > 0 && step === 0) || key >= to || count === 0) this.fail('its counts are not in order or out of range');
      keys[at] = key;
      counts[at] = count;
    }
    return { keys, counts };
  }

  #need(length: number): void {
    if (length > this.left) this.fail(`it ends before ${length} more bytes`);
  }
}
