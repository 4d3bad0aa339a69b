/**
 * Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): a pure
 * function of key and counter, in 32-bit integer arithmetic. Any number of any galaxy can be had alone, in any order, on
 * any machine.
 */

const KEY_PARITY = 0x1bd11bda;

/** What numbers are for. Different purposes never share numbers. */
export const Purpose = { properties: 0, neighbours: 1, sky: 2, errors: 3 } as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

/** Bits of the second counter word left for blocks: a purpose of a galaxy has 2^29 numbers. */
const BLOCK_BITS = 28;

export interface RandomKey {
  readonly low: number;
  readonly high: number;
}

/** @param seed integer from 0 to 2^53 - 1 */
export function randomKey(seed: number): RandomKey {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`seed must be an integer from 0 to 2^53 - 1, not ${seed}`);
  return { low: seed >>> 0, high: Math.floor(seed / 2 ** 32) };
}

/** Fills `words` (even length) with the blocks `firstBlock`, `firstBlock + 1` … of a purpose of a galaxy. */
export function randomWords(
  words: Uint32Array,
  key: RandomKey,
  galaxy: number,
  purpose: Purpose,
  firstBlock: number,
): void {
  const key0 = key.low | 0;
  const key1 = key.high | 0;
  const key2 = key0 ^ key1 ^ KEY_PARITY;
  const stream = (purpose << BLOCK_BITS) + firstBlock;
  for (let index = 0; index < words.length; index += 2) {
    let x = (galaxy + key0) | 0;
    let y = (stream + (index >> 1) + key1) | 0;
    // Twenty rounds, four at a time between key injections; written out, since this is a third of the survey's work.
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + key1) | 0;
    y = (y + key2 + 1) | 0;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + key2) | 0;
    y = (y + key0 + 2) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + key0) | 0;
    y = (y + key1 + 3) | 0;
    x = (x + y) | 0;
    y = ((y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = ((y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = ((y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = ((y << 24) | (y >>> 8)) ^ x;
    x = (x + key1) | 0;
    y = (y + key2 + 4) | 0;
    x = (x + y) | 0;
    y = ((y << 13) | (y >>> 19)) ^ x;
    x = (x + y) | 0;
    y = ((y << 15) | (y >>> 17)) ^ x;
    x = (x + y) | 0;
    y = ((y << 26) | (y >>> 6)) ^ x;
    x = (x + y) | 0;
    y = ((y << 6) | (y >>> 26)) ^ x;
    x = (x + key2) | 0;
    y = (y + key0 + 5) | 0;
    words[index] = x;
    words[index + 1] = y;
  }
}
