import type { Matrix } from './graph.ts';

/**
 * Weights have 7 bits and a sign, -63 to 63. On processors with AVX2 and without VNNI two products of an unsigned and a signed byte are
 * added in 16 bits and saturate there: 2 x 255 x 127 does, 2 x 255 x 63 does not.
 */
const LARGEST_WEIGHT = 63;
/** Activations are unsigned bytes: onnxruntime has no fast product of two signed ones on x86. */
const LEVELS = 255;

/** Integers of a matrix, row-major, and what one of each column stands for. */
export interface IntegerMatrix {
  readonly data: Int8Array;
  /** One for each column, positive. */
  readonly scales: Float32Array;
}

/** Makes scales of the largest sizes. Zeros, or what is as good as that in float32, have any scale. */
function toScales(largest: Float32Array): void {
  for (const [at, size] of largest.entries()) largest[at] = size / LARGEST_WEIGHT;
  for (const [at, scale] of largest.entries()) largest[at] = scale || 1;
}

/** Integers of a matrix, a block of rows of one column after the other. */
export interface BlockMatrix {
  /** Blocks of a column, the last one filled up with zeros. */
  readonly blocks: number;
  /** [columns, blocks, BLOCK], unsigned: 128 stands for 0. */
  readonly data: Uint8Array;
  /** [columns, blocks], positive. */
  readonly scales: Float32Array;
}

/** How floats become unsigned bytes: value = scale x (byte - zero). */
export interface ByteScale {
  readonly scale: number;
  readonly zero: number;
}

/** Smallest and largest value of a tensor. */
export interface Range {
  readonly smallest: number;
  readonly largest: number;
}

/** Rounds each column to the nearest of 127 levels; the largest entry of a column is met exactly. */
export function integersOf({ rows, columns, data }: Matrix): IntegerMatrix {
  const scales = new Float32Array(columns);
  for (let at = 0; at < data.length; at++) {
    const size = Math.abs(data[at] ?? 0);
    if (size > (scales[at % columns] ?? 0)) scales[at % columns] = size;
  }
  toScales(scales);
  const integers = new Int8Array(rows * columns);
  for (let at = 0; at < data.length; at++) {
    const rounded = Math.round((data[at] ?? 0) / (scales[at % columns] ?? 1));
    integers[at] = Math.max(-LARGEST_WEIGHT, Math.min(LARGEST_WEIGHT, rounded));
  }
  return { data: integers, scales };
}

/**
 * Rows of a matrix, and numbers of what is multiplied by it, that share one scale where products are done by blocks (inIntegers). Wider ones
 * are a little faster and change more.
 */
export const BLOCK = 64;
/** What stands for 0 in the weights of MatMulNBits. */
const MIDDLE = 128;

/** Rounds each block of a column to the nearest of 127 levels. */
export function blocksOf({ rows, columns, data }: Matrix): BlockMatrix {
  const blocks = Math.ceil(rows / BLOCK);
  const scales = new Float32Array(columns * blocks);
  const place = (row: number, column: number) => column * blocks + Math.floor(row / BLOCK);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const size = Math.abs(data[row * columns + column] ?? 0);
      if (size > (scales[place(row, column)] ?? 0)) scales[place(row, column)] = size;
    }
  toScales(scales);
  const integers = new Uint8Array(columns * blocks * BLOCK).fill(MIDDLE);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const block = place(row, column);
      const rounded = Math.round((data[row * columns + column] ?? 0) / (scales[block] ?? 1));
      integers[block * BLOCK + (row % BLOCK)] = MIDDLE + Math.max(-LARGEST_WEIGHT, Math.min(LARGEST_WEIGHT, rounded));
    }
  return { blocks, data: integers, scales };
}

/** Zero is always a level, as padding and what ReLU leaves have to stay exact. */
export function byteScale({ smallest, largest }: Range): ByteScale {
  const low = Math.min(0, smallest);
  const scale = Math.fround((Math.max(0, largest) - low) / LEVELS) || 1;
  return { scale, zero: Math.max(0, Math.min(LEVELS, Math.round(-low / scale))) };
}

/** Digits of what calibration has measured: beyond them other processors add in other orders. */
const RANGE_DIGITS = 3;

/**
 * A range to three significant digits, rounded outwards: so that the same model and galaxies give the same file on most machines, and
 * with a little room, of up to a hundredth.
 */
export function outwards({ smallest, largest }: Range): Range {
  return { smallest: awayFromZero(smallest), largest: awayFromZero(largest) };
}

/** To so many significant digits, never nearer to zero. */
export function awayFromZero(value: number, digits = RANGE_DIGITS): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const nearest = Number(value.toPrecision(digits));
  if (Math.abs(nearest) >= Math.abs(value)) return nearest;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(nearest))) - digits + 1);
  return Number((nearest + Math.sign(value) * step).toPrecision(digits));
}
