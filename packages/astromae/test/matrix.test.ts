import fc from 'fast-check';
import { floats, type FloatTensor } from '../src/graph/graph.ts';
import { besides, columns, product, transposed } from '../src/graph/matrix.ts';

const side = fc.integer({ min: 1, max: 9 });

function matrixOf(rows: number, width: number): fc.Arbitrary<FloatTensor> {
  return fc
    .array(fc.integer({ min: -50, max: 50 }), { minLength: rows * width, maxLength: rows * width })
    .map((numbers) => floats([rows, width], Float32Array.from(numbers)));
}

describe('product', () => {
  it('is the sum over the inner axis, whatever the sizes', () => {
    const pair = fc
      .tuple(side, side, side)
      .chain(([rows, inner, width]) => fc.tuple(matrixOf(rows, inner), matrixOf(inner, width)));
    fc.assert(
      fc.property(pair, ([left, right]) => {
        const [rows, inner] = left.dims as [number, number];
        const width = right.dims[1]!;
        const expected = Float32Array.from({ length: rows * width }, (_, at) => {
          const [row, column] = [Math.floor(at / width), at % width];
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += left.data[row * inner + k]! * right.data[k * width + column]!;
          return sum;
        });
        expect(product(left, right)).toEqual(floats([rows, width], expected));
      }),
    );
  });

  it('refuses matrices that do not fit', () => {
    expect(() => product(floats([1, 2], new Float32Array(2)), floats([3, 1], new Float32Array(3)))).toThrow(RangeError);
  });
});

describe('blocks of columns', () => {
  it('cut apart and put together give the matrix; transposed twice too', () => {
    const cut = fc
      .tuple(side, side, side)
      .chain(([rows, left, right]) => fc.tuple(matrixOf(rows, left + right), fc.constant(left)));
    fc.assert(
      fc.property(cut, ([matrix, at]) => {
        const width = matrix.dims[1]!;
        expect(besides([columns(matrix, 0, at), columns(matrix, at, width)])).toEqual(matrix);
        expect(transposed(transposed(matrix))).toEqual(matrix);
      }),
    );
  });
});
