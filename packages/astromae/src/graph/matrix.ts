/* eslint-disable @typescript-eslint/no-non-null-assertion -- loops over rows and columns of matrices whose sizes have been checked */
import { floats, type FloatTensor } from './graph.ts';

function sides(matrix: FloatTensor): [number, number] {
  const [rows, columns] = matrix.dims;
  if (matrix.dims.length !== 2 || rows === undefined || columns === undefined) {
    throw new RangeError(`Expected a matrix, got a tensor of [${matrix.dims.join(', ')}]`);
  }
  return [rows, columns];
}

export function transposed(matrix: FloatTensor): FloatTensor {
  const [rows, columns] = sides(matrix);
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      data[column * rows + row] = matrix.data[row * columns + column]!;
    }
  }
  return floats([columns, rows], data);
}

/** Rows of the result worked on together: each number of the right matrix loaded serves all of them. */
const TILE_ROWS = 4;
/** Rows of the right matrix taken together: the sums are loaded and stored half as often. */
const TILE_DEPTH = 2;

/** Matrix product [m, k] x [k, n], summed in float64 so that folding costs no precision. */
export function product(left: FloatTensor, right: FloatTensor): FloatTensor {
  const [rows, inner] = sides(left);
  const [depth, width] = sides(right);
  if (inner !== depth) {
    throw new RangeError(`Matrices of [${left.dims.join(', ')}] and [${right.dims.join(', ')}] have no product`);
  }
  // Zeros up to whole tiles; also float64 once instead of at every use.
  const stride = Math.ceil(inner / TILE_DEPTH) * TILE_DEPTH;
  const factors = new Float64Array(Math.ceil(rows / TILE_ROWS) * TILE_ROWS * stride);
  for (let row = 0; row < rows; row++) {
    factors.set(left.data.subarray(row * inner, (row + 1) * inner), row * stride);
  }
  const terms = new Float64Array(stride * width);
  terms.set(right.data);

  const data = new Float32Array(rows * width);
  const sums = Array.from({ length: TILE_ROWS }, () => new Float64Array(width));
  for (let row = 0; row < rows; row += TILE_ROWS) {
    sumTile(factors.subarray(row * stride, (row + TILE_ROWS) * stride), terms, stride, sums);
    sums.slice(0, rows - row).forEach((sum, index) => data.set(sum, (row + index) * width));
  }
  return floats([rows, width], data);
}

/** Four rows of a product, [4, stride] x [stride, n]. Unrolled by hand: twice as fast as loops over the tile. */
function sumTile(factors: Float64Array, terms: Float64Array, stride: number, sums: readonly Float64Array[]): void {
  const [first, second, third, fourth] = sums as [Float64Array, Float64Array, Float64Array, Float64Array];
  sums.forEach((sum) => sum.fill(0));
  const width = first.length;
  for (let middle = 0; middle < stride; middle += TILE_DEPTH) {
    const a0 = factors[middle]!;
    const a1 = factors[middle + 1]!;
    const b0 = factors[stride + middle]!;
    const b1 = factors[stride + middle + 1]!;
    const c0 = factors[2 * stride + middle]!;
    const c1 = factors[2 * stride + middle + 1]!;
    const d0 = factors[3 * stride + middle]!;
    const d1 = factors[3 * stride + middle + 1]!;
    const upper = middle * width;
    const lower = upper + width;
    for (let column = 0; column < width; column++) {
      const x = terms[upper + column]!;
      const y = terms[lower + column]!;
      first[column] = first[column]! + a0 * x + a1 * y;
      second[column] = second[column]! + b0 * x + b1 * y;
      third[column] = third[column]! + c0 * x + c1 * y;
      fourth[column] = fourth[column]! + d0 * x + d1 * y;
    }
  }
}

/** Columns [from, to) of a matrix. */
export function columns(matrix: FloatTensor, from: number, to: number): FloatTensor {
  const [rows, width] = sides(matrix);
  const data = new Float32Array(rows * (to - from));
  for (let row = 0; row < rows; row++) {
    data.set(matrix.data.subarray(row * width + from, row * width + to), row * (to - from));
  }
  return floats([rows, to - from], data);
}

/** Matrices of as many rows each, side by side. */
export function besides(matrices: readonly FloatTensor[]): FloatTensor {
  const [rows] = sides(matrices[0]!);
  const width = matrices.reduce((sum, matrix) => sum + sides(matrix)[1], 0);
  const data = new Float32Array(rows * width);
  let start = 0;
  for (const matrix of matrices) {
    const [, part] = sides(matrix);
    for (let row = 0; row < rows; row++) {
      data.set(matrix.data.subarray(row * part, (row + 1) * part), row * width + start);
    }
    start += part;
  }
  return floats([rows, width], data);
}
