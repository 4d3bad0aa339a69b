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
