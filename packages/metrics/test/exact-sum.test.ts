import fc from 'fast-check';
import { exactProduct, ExactSum } from '../src/exact-sum.ts';
import { nmad } from '../src/nmad.ts';
import { ResidualSketch } from '../src/residual-sketch.ts';
import { Residuals } from '../src/residuals.ts';

/** A double as a whole number of 2^-1074, exactly. */
function whole(value: number): bigint {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0]!;
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const size = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return bits >> 63n === 0n ? size : -size;
}

const wholeSum = (values: readonly number[]): bigint => values.reduce((sum, value) => sum + whole(value), 0n);
/** Of very different sizes and either sign, so that plain sums lose most of their digits. */
const term = fc
  .tuple(fc.maxSafeInteger(), fc.integer({ min: -170, max: 70 }))
  .map(([digits, exponent]) => digits * 2 ** exponent);

describe('an exact sum', () => {
  it('is the sum to the last bit, of parts that don’t overlap, and rounded once', () => {
    fc.assert(
      fc.property(fc.array(term, { maxLength: 40 }), (terms) => {
        const sum = new ExactSum(terms);
        const exact = wholeSum(terms);
        expect(wholeSum(sum.parts)).toBe(exact);
        expect(sum.parts).not.toContain(0);
        // No double is nearer.
        const distance = (value: number): bigint => {
          const difference = whole(value) - exact;
          return difference < 0n ? -difference : difference;
        };
        const step = Math.abs(sum.value) * 2 ** -52 || Number.MIN_VALUE;
        for (const other of [sum.value - step, sum.value + step, sum.value - step / 2, sum.value + step / 2])
          expect(distance(sum.value) <= distance(other)).toBe(true);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('rounds a tie by what lies below it', () => {
    const tie = [1, 2 ** -53];
    expect(new ExactSum(tie).value).toBe(1);
    expect(new ExactSum([...tie, 2 ** -120]).value).toBe(1 + 2 ** -52);
    expect(new ExactSum([...tie, -(2 ** -120)]).value).toBe(1);
    expect(new ExactSum([1, -(2 ** -54), -(2 ** -120)]).value).toBe(1 - 2 ** -53);
    expect(new ExactSum([-1, -(2 ** -53), -(2 ** -120)]).value).toBe(-1 - 2 ** -52);
    expect(new ExactSum().value).toBe(0);
    expect(new ExactSum([5, -5]).parts).toEqual([]);
  });

  it('takes products unrounded, and another sum in, its own too', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(term, term), { maxLength: 10 }), (factors) => {
        const sum = new ExactSum();
        for (const [a, b] of factors) sum.addProduct(a, b);
        const exact = factors.reduce((total, [a, b]) => total + whole(a) * whole(b), 0n);
        expect(wholeSum(sum.parts) << 1074n).toBe(exact);
        expect(wholeSum(sum.merge(sum).parts) << 1074n).toBe(2n * exact);
      }),
      { seed: 2 },
    );
  });

  it('multiplies another', () => {
    fc.assert(
      fc.property(fc.array(term, { maxLength: 6 }), fc.array(term, { maxLength: 6 }), (a, b) => {
        const product = exactProduct(new ExactSum(a), new ExactSum(b));
        expect(wholeSum(product.parts) << 1074n).toBe(wholeSum(a) * wholeSum(b));
      }),
      { seed: 3 },
    );
  });
});

describe('the NMAD', () => {
  const middleOf = (values: readonly number[]): number => {
    const sorted = values.toSorted((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  };

  it('is 1.48 times the middle distance from the middle value', () => {
    const value = fc.oneof(fc.double({ noNaN: true, min: -3, max: 3 }), fc.integer({ min: -2, max: 2 }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 12 }), (values) => {
        const centre = middleOf(values);
        const expected = 1.48 * middleOf(values.map((each) => Math.abs(each - centre)));
        expect(nmad(new Float64Array(values))).toBe(expected);
      }),
      { seed: 5 },
    );
    expect(nmad(new Float64Array())).toBeNaN();
  });
});

describe('residuals', () => {
  const of = (values: readonly number[], exactUpTo?: number): Residuals => {
    const residuals = new Residuals(exactUpTo);
    for (const value of values) residuals.add(value);
    return residuals;
  };
  const kindOf = (residuals: Residuals): string => residuals.toJSON().residuals.kind;

  it('are kept up to their number, and a sketch beyond it', () => {
    expect([kindOf(of([1, 2], 2)), kindOf(of([1, 2, 3], 2)), kindOf(of([], 0)), kindOf(of([]))]).toEqual([
      'values',
      'sketch',
      'sketch',
      'values',
    ]);
    expect(of([], 7).toJSON().exact_up_to).toBe(7);
  });

  it('of more than a first thousand are all there, in their order', () => {
    const values = Array.from({ length: 5000 }, (_, at) => at / 7);
    const kept = of(values, 6000).toJSON();
    expect(kept.residuals).toEqual({
      kind: 'values',
      float64_base64: Buffer.from(new Float64Array(values).buffer).toString('base64'),
    });
    expect(Residuals.fromJSON(kept).toJSON()).toEqual(kept);
  });

  it('of two ranks are kept together while there is room for both', () => {
    const both = of([1, 2], 3);
    both.merge(of([3], 3));
    expect(both.toJSON()).toEqual(of([1, 2, 3], 3).toJSON());
    both.merge(of([4], 3));
    expect(both.toJSON()).toEqual(of([1, 2, 3, 4], 3).toJSON());
    both.merge(of([5], 3));
    both.merge(of([6, 7, 8, 9], 3));
    expect(both.nmad()).toEqual(of([1, 2, 3, 4, 5, 6, 7, 8, 9], 3).nmad());
    const values = of([1], 9);
    values.merge(of([2, 3], 1));
    expect(kindOf(values)).toBe('sketch');
    expect(values.nmad()).toEqual(of([1, 2, 3], 0).nmad());
  });

  it('of no use are refused where they lie', () => {
    const json = (float64_base64: string) => ({ exact_up_to: 3, residuals: { kind: 'values', float64_base64 } });
    expect(() => Residuals.fromJSON(json('AAAA'))).toThrow(/residuals has.*base64 of little-endian doubles/s);
    expect(() => Residuals.fromJSON({ ...json(''), exact_up_to: -1 })).toThrow(/exact_up_to/);
    expect(Residuals.fromJSON(json('')).toJSON()).toEqual(json(''));
  });
});

describe('a sketch of residuals', () => {
  const of = (...values: number[]): ResidualSketch => {
    const sketch = new ResidualSketch();
    for (const value of values) sketch.add(value);
    return sketch;
  };

  it('counts what is too small for a redshift as zero, and each sign for itself', () => {
    const sketch = of(0, 5e-10, -5e-10, 1e-9, 0.5, 0.5, -0.5);
    const json = sketch.toJSON();
    expect([json.zero, json.positive.length, json.negative.length, sketch.count]).toEqual([3, 2, 1, 7]);
    expect(json.positive.map(([, n]) => n)).toEqual([1, 2]);
    expect(json.negative).toEqual([[json.positive[1]![0], 1]]);
  });

  it('knows each value to a ten-thousandth', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-8, max: 1e100, noNaN: true }), (size) => {
        // Of the values 0, 0 and size the deviation in the middle is 0; of 0, size and 2 size it is size.
        const { value, error } = of(0, size, 2 * size).nmad();
        expect(Math.abs(value - 1.48 * size)).toBeLessThanOrEqual(error);
        expect(error).toBeGreaterThan(1.48 * 3e-4 * size);
        expect(error).toBeLessThan(1.48 * (3.01e-4 * size + 2.1e-9));
      }),
      { seed: 4 },
    );
    expect(of().nmad().value).toBeNaN();
    expect(of(0, 0, 1).nmad()).toEqual({ value: 0, error: expect.closeTo(1.48 * 2e-9, 15) as number });
  });

  it('takes another in, and is the same on its way through JSON', () => {
    const sketch = of(0.5, -0.25, 0);
    sketch.merge(of(0.5, 1, -3, 0));
    expect(sketch.count).toBe(7);
    expect(sketch.nmad()).toEqual(of(0.5, -0.25, 0, 0.5, 1, -3, 0).nmad());
    sketch.merge(sketch);
    expect(sketch.count).toBe(14);
    const again = ResidualSketch.fromJSON(JSON.parse(JSON.stringify(sketch)));
    expect([again.count, again.nmad()]).toEqual([14, sketch.nmad()]);
    expect(() => ResidualSketch.fromJSON({ zero: 1.5, negative: [], positive: [] })).toThrow(/zero/);
    expect(() => ResidualSketch.fromJSON({ zero: 1, negative: [[1e9, 1]], positive: [] })).toThrow(/negative/);
    expect(() => ResidualSketch.fromJSON({ zero: 1, negative: [], positive: [[-1e9, 1]] })).toThrow(/positive/);
  });
});
