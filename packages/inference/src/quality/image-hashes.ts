import { hash } from 'node:crypto';
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

/** Ascending; of more than MOST_HASHES the smallest, which are a fair sample. */
export function sortedHashes(parts: readonly BigUint64Array[]): BigUint64Array {
  const all = new BigUint64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort().subarray(0, MOST_HASHES);
}

/** A file of hashes: 8 bytes each, little-endian, ascending, so that its front is the sample below a threshold. */
export function encodeHashes(sorted: BigUint64Array): Uint8Array {
  const bytes = new Uint8Array(sorted.length * BYTES);
  const view = new DataView(bytes.buffer);
  sorted.forEach((value, place) => view.setBigUint64(place * BYTES, value, true));
  return bytes;
}

/** @param bytes of a file of hashes, or of its front; a part of a hash at its end is left out */
export function decodeHashes(bytes: Uint8Array): BigUint64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hashes = new BigUint64Array(Math.floor(bytes.length / BYTES));
  for (let place = 0; place < hashes.length; place++) hashes[place] = view.getBigUint64(place * BYTES, true);
  return hashes;
}
