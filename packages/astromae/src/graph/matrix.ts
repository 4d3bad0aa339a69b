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

/** Matrix product [m, k] x [k, n], summed in float64 so that folding costs no precision. */
export function product(left: FloatTensor, right: FloatTensor): FloatTensor {
  const [rows, inner] = sides(left);
  const [depth, columns] = sides(right);
  if (inner !== depth) {
    throw new RangeError(`Matrices of [${left.dims.join(', ')}] and [${right.dims.join(', ')}] have no product`);
  }
  const factors = Float64Array.from(left.data);
  const wide = Float64Array.from(right.data);
  const data = new Float32Array(rows * columns);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    const start = row * inner;
    let middle = 0;
    // Four at a time halves the run time: the sums are loaded and stored a quarter as often.
    for (; middle + 4 <= inner; middle += 4) {
      const [a, b, c, d] = factors.subarray(start + middle, start + middle + 4) as unknown as Quadruple;
      const first = middle * columns;
      const second = first + columns;
      const third = second + columns;
      const fourth = third + columns;
      for (let column = 0; column < columns; column++) {
        sums[column]! +=
          a * wide[first + column]! +
          b * wide[second + column]! +
          c * wide[third + column]! +
          d * wide[fourth + column]!;
      }
    }
    for (; middle < inner; middle++) {
      const factor = factors[start + middle]!;
      const first = middle * columns;
      for (let column = 0; column < columns; column++) {
        sums[column]! += factor * wide[first + column]!;
      }
    }
    data.set(sums, row * columns);
  }
  return floats([rows, columns], data);
}

type Quadruple = [number, number, number, number];

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
