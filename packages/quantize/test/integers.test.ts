import fc from 'fast-check';
import { BLOCK, blocksOf, byteScale, integersOf } from '../src/index.ts';
import { awayFromZero, outwards } from '../src/integers.ts';

const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e6), max: Math.fround(1e6) });

/** Matrices of up to so many rows and columns. */
const matrices = (rows: number, columns: number) =>
  fc.tuple(fc.integer({ min: 1, max: rows }), fc.integer({ min: 1, max: columns })).chain(([some, wide]) =>
    fc.record({
      rows: fc.constant(some),
      columns: fc.constant(wide),
      data: fc.array(float, { minLength: some * wide, maxLength: some * wide }).map((data) => Float32Array.from(data)),
    }),
  );

describe('weights as integers by blocks', () => {
  it('are within half a step of their own block, filled up with zeros, and never more than 63 from the middle', () => {
    fc.assert(
      fc.property(matrices(2 * BLOCK + 1, 3), ({ rows, columns, data }) => {
        const { blocks, data: integers, scales } = blocksOf({ rows, columns, data });
        expect([blocks, integers.length]).toEqual([Math.ceil(rows / BLOCK), columns * blocks * BLOCK]);
        for (let column = 0; column < columns; column++)
          for (let row = 0; row < blocks * BLOCK; row++) {
            const stored = integers[column * blocks * BLOCK + row]! - 128;
            const step = scales[column * blocks + Math.floor(row / BLOCK)]!;
            const value = row < rows ? data[row * columns + column]! : 0;
            expect(step).toBeGreaterThan(0);
            expect(Math.abs(stored)).toBeLessThanOrEqual(63);
            expect(Math.abs(stored * step - value)).toBeLessThanOrEqual(step * 0.500_01);
          }
      }),
      { numRuns: 30 },
    );
  });
});

describe('weights as integers', () => {
  it('are within half a step of what they stand for, and never more than 63', () => {
    fc.assert(
      fc.property(matrices(6, 6), ({ rows, columns, data }) => {
        const integers = integersOf({ rows, columns, data });
        for (const [at, value] of data.entries()) {
          const step = integers.scales[at % columns]!;
          expect(step).toBeGreaterThan(0);
          expect(Math.abs(integers.data[at]!)).toBeLessThanOrEqual(63);
          expect(Math.abs(integers.data[at]! * step - value)).toBeLessThanOrEqual(step * 0.500_01);
        }
      }),
    );
  });

  it('take each column by itself: its largest is 63, one of zeros stays zero', () => {
    const { data, scales } = integersOf({ rows: 2, columns: 3, data: Float32Array.of(1, -0.5, 0, 100, 0.2, 0) });
    expect([...data]).toEqual([1, -63, 0, 63, 25, 0]);
    expect(scales[0]).toBeCloseTo(100 / 63, 5);
    expect(scales[1]).toBeCloseTo(0.5 / 63, 6);
  });

  it('don’t saturate sums of two products in 16 bits', () => {
    const { data } = integersOf({ rows: 2, columns: 1, data: Float32Array.of(1, -1) });
    expect(2 * 255 * Math.max(...[...data].map(Math.abs))).toBeLessThan(2 ** 15);
  });
});

describe('the scale of activations', () => {
  it('has zero as one of its levels, and each value of the range within half a step', () => {
    const within = fc.tuple(float, float, fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(within, ([one, other, share]) => {
        const range = { smallest: Math.min(one, other), largest: Math.max(one, other) };
        const { scale, zero } = byteScale(range);
        expect(scale).toBeGreaterThan(0);
        expect(Number.isInteger(zero) && zero >= 0 && zero <= 255).toBe(true);
        const value = range.smallest + share * (range.largest - range.smallest);
        const byte = Math.max(0, Math.min(255, Math.round(value / scale) + zero));
        expect(Math.abs(scale * (byte - zero) - value)).toBeLessThanOrEqual(scale * 1.01);
      }),
    );
  });

  it('is of any size where there are only zeros', () => {
    expect(byteScale({ smallest: 0, largest: 0 })).toEqual({ scale: 1, zero: 0 });
    expect(byteScale({ smallest: 2, largest: 255 })).toEqual({ scale: 1, zero: 0 });
    expect(byteScale({ smallest: -255, largest: -1 })).toEqual({ scale: 1, zero: 255 });
  });
});

describe('a measured range', () => {
  it('is rounded to three digits, never inwards', () => {
    expect(outwards({ smallest: -0.123_01, largest: 4567 })).toEqual({ smallest: -0.124, largest: 4570 });
    expect(outwards({ smallest: 0, largest: 99.91 })).toEqual({ smallest: 0, largest: 100 });
    fc.assert(
      fc.property(float, (value) => {
        const rounded = awayFromZero(value);
        expect(Math.abs(rounded)).toBeGreaterThanOrEqual(Math.abs(value));
        expect(Math.abs(rounded - value)).toBeLessThanOrEqual(Math.abs(value) * 0.010_01);
        expect(awayFromZero(rounded)).toBe(rounded);
      }),
    );
  });
});
