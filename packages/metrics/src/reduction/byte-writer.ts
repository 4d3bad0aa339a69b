import type { Counts } from './counts.ts';

/** Low seven bits of a byte hold the number, the highest says that more follow. */
const MORE = 128;

/** Writes numbers one after the other, little-endian; whole ones take as many bytes as they need. */
export class ByteWriter {
  #bytes = Buffer.alloc(4096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view of what is written so far. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** @param value from 0 to 2^53 */
  whole(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= MORE) {
      this.#bytes[this.#length++] = (rest % MORE) | MORE;
      rest = Math.floor(rest / MORE);
    }
    this.#bytes[this.#length++] = rest;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    const bytes = Buffer.from(value);
    this.whole(bytes.length);
    this.raw(bytes);
  }

  /** @param from that no key is below */
  counts({ keys, counts }: Counts, from: number): void {
    this.whole(keys.length);
    let before = from;
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] ?? 0;
      this.whole(key - before);
      this.whole(counts[at] ?? 0);
      before = key;
    }
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.max(this.#length + more, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
