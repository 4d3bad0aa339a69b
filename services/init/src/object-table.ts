import { itemAt, type ObjectVersion } from '@cosmicai/payload';
import type { ObjectInfo } from '@cosmicai/store';

/**
 * Keys, sizes and etags of a listing, known by their places in it, outside of the heap: of a million objects less than 100 bytes
 * each, where objects and strings take four times as much.
 */
export class ObjectTable {
  readonly #keys = new Texts();
  readonly #etags = new Texts();
  #sizes = new Float64Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @returns its place */
  add({ key, size, etag }: Pick<ObjectInfo, 'key' | 'size' | 'etag'>): number {
    const place = this.#count++;
    if (place === this.#sizes.length) this.#sizes = enlarged(this.#sizes);
    this.#keys.add(key);
    this.#etags.add(etag);
    this.#sizes[place] = size;
    return place;
  }

  readonly key = (place: number): string => this.#keys.at(place);

  size(place: number): number {
    return itemAt(this.#sizes, place);
  }

  version(place: number): ObjectVersion {
    return { size: this.size(place), etag: this.#etags.at(place) };
  }
}

const CHUNK_BYTES = 2 ** 20;

/** Texts as bytes, one behind the other, none of them in two chunks. */
class Texts {
  readonly #chunks: Buffer[] = [];
  #used = CHUNK_BYTES;
  /** Where each ends. A text begins where the one before ends, or with the chunk. */
  #ends = new Float64Array(1024);
  #count = 0;

  add(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#used + bytes.length > CHUNK_BYTES) {
      this.#chunks.push(Buffer.alloc(CHUNK_BYTES));
      this.#used = 0;
    }
    const last = this.#chunks.length - 1;
    bytes.copy(itemAt(this.#chunks, last), this.#used);
    this.#used += bytes.length;
    if (this.#count === this.#ends.length) this.#ends = enlarged(this.#ends);
    this.#ends[this.#count++] = last * CHUNK_BYTES + this.#used;
  }

  at(place: number): string {
    const end = itemAt(this.#ends, place);
    const before = place === 0 ? 0 : itemAt(this.#ends, place - 1);
    if (end === before) return '';
    const chunk = Math.floor((end - 1) / CHUNK_BYTES);
    const start = chunk * CHUNK_BYTES;
    return itemAt(this.#chunks, chunk).toString('utf8', Math.max(before, start) - start, end - start);
  }
}

function enlarged(from: Float64Array): Float64Array<ArrayBuffer> {
  const into = new Float64Array(2 * from.length);
  into.set(from);
  return into;
}
