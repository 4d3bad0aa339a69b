import { hash } from 'node:crypto';
import { endianness } from 'node:os';
import type { Galaxies } from '@cosmicai/samples';

const BYTES = 8;

/** Hashes of a rank that are kept; those of a whole run of so many galaxies are counted exactly. */
export const MOST_HASHES = 10_000_000;

/**
 * A 64-bit number for each image's pixels, the same for the same pixels only (two of 10 million different galaxies share one with a
 * probability of 3e-6). Images with the same value throughout are left out: they are not galaxies, and all alike.
 */
export function imageHashes({ count, images }: Pick<Galaxies, 'count' | 'images'>): BigUint64Array {
  const hashes = new BigUint64Array(count);
  const pixels = images.length / count;
  let kept = 0;
  for (let galaxy = 0; galaxy < count; galaxy++) {
    const image = images.subarray(galaxy * pixels, (galaxy + 1) * pixels);
    if (isBlank(image)) continue;
    const bytes = new Uint8Array(image.buffer, image.byteOffset, image.byteLength);
    hashes[kept++] = hash('sha256', bytes, 'buffer').readBigUInt64LE();
  }
  return hashes.subarray(0, kept);
}

/** Also of images that hold only NaN. */
function isBlank(image: Float32Array): boolean {
  const first = image[0] ?? 0;
  return image.every((pixel) => Object.is(pixel, first));
}

/** Hashes of many images, 8 bytes each. */
export class ImageHashes {
  readonly #most: number;
  #values = new BigUint64Array(1024);
  #count = 0;

  /** @param most of which the smallest are kept, which are a fair sample; twice as many may be in memory */
  constructor(most: number = MOST_HASHES) {
    this.#most = most;
  }

  add(hashes: BigUint64Array): void {
    for (let from = 0; from < hashes.length; from += this.#most) this.#append(hashes.subarray(from, from + this.#most));
  }

  /** Ascending, a view of what is kept until more is added. */
  sorted(): BigUint64Array {
    const sorted = this.#values.subarray(0, this.#count).sort();
    this.#count = Math.min(this.#count, this.#most);
    return sorted.subarray(0, this.#count);
  }

  #append(hashes: BigUint64Array): void {
    if (this.#count + hashes.length > 2 * this.#most) this.sorted();
    const needed = this.#count + hashes.length;
    if (needed > this.#values.length) {
      const grown = new BigUint64Array(Math.max(needed, Math.min(2 * this.#values.length, 2 * this.#most)));
      grown.set(this.#values.subarray(0, this.#count));
      this.#values = grown;
    }
    this.#values.set(hashes, this.#count);
    this.#count = needed;
  }
}

/** Ascending; of more than MOST_HASHES the smallest. */
export function sortedHashes(parts: readonly BigUint64Array[]): BigUint64Array {
  const hashes = new ImageHashes();
  for (const part of parts) hashes.add(part);
  return hashes.sorted();
}

/**
 * A file of hashes: 8 bytes each, little-endian, ascending, so that its front is the sample below a threshold. Shares the
 * memory of the hashes where it can.
 */
export function encodeHashes(sorted: BigUint64Array): Uint8Array {
  const bytes = Buffer.from(sorted.buffer, sorted.byteOffset, sorted.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap64();
}

/**
 * Shares the memory of the bytes where it can.
 *
 * @param bytes of a file of hashes, or of its front; a part of a hash at its end is left out
 */
export function decodeHashes(bytes: Uint8Array): BigUint64Array {
  const count = Math.floor(bytes.length / BYTES);
  if (endianness() === 'LE' && bytes.byteOffset % BYTES === 0)
    return new BigUint64Array(bytes.buffer, bytes.byteOffset, count);
  const copy = Buffer.from(new ArrayBuffer(count * BYTES));
  copy.set(bytes.subarray(0, copy.length));
  if (endianness() !== 'LE') copy.swap64();
  return new BigUint64Array(copy.buffer);
}
