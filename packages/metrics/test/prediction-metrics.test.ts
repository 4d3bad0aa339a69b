import { readFileSync } from 'node:fs';
import { InvalidInputError, type PredictionScores } from '@cosmicai/payload';
import fc from 'fast-check';
import { nmad, PredictionMetrics } from '../src/index.ts';

const golden = JSON.parse(readFileSync(new URL('golden/prediction-metrics.json', import.meta.url), 'utf8')) as {
  cases: { name: string; z_spec: number[]; z_pred: number[]; expected: Record<string, number> }[];
};

type Pair = readonly [zSpec: number, zPred: number];
const redshift = fc.double({ min: -0.01, max: 7, noNaN: true });
const galaxies = fc.array(fc.tuple(redshift, redshift), { minLength: 1, maxLength: 300 });

function metricsOf(pairs: readonly Pair[], exactUpTo?: number): PredictionMetrics {
  const metrics = new PredictionMetrics(exactUpTo === undefined ? {} : { exactUpTo });
  for (const [zSpec, zPred] of pairs) metrics.add(zSpec, zPred);
  return metrics;
}

/** Deals the galaxies out to ranks and gives the ranks in an order of their own. */
const dealt = fc.integer({ min: 1, max: 9 }).chain((ranks) =>
  fc.record({
    pairs: galaxies,
    rankOf: fc.infiniteStream(fc.integer({ min: 0, max: ranks - 1 })),
    order: fc.shuffledSubarray([...Array(ranks).keys()], { minLength: ranks, maxLength: ranks }),
  }),
);

function splits({ pairs, rankOf, order }: { pairs: Pair[]; rankOf: Iterator<number>; order: number[] }): Pair[][] {
  const shares = order.map((): Pair[] => []);
  for (const pair of pairs) shares[rankOf.next().value as number]!.push(pair);
  return order.map((rank) => shares[rank]!);
}

describe('prediction metrics', () => {
  it.each(golden.cases)('equal NumPy: $name', ({ z_spec, z_pred, expected }) => {
    const metrics = new PredictionMetrics();
    metrics.addAll(z_spec, z_pred);

    const scores = metrics.finish();

    for (const [name, value] of Object.entries(expected)) {
      const ours = scores[name as keyof PredictionScores];
      expect(ours).not.toBeNull();
      expect(Math.abs(ours! - value)).toBeLessThanOrEqual(1e-12 * Math.abs(value));
    }
  });

  it('of ranks merged in any order are those of the whole, to the last bit', () => {
    fc.assert(
      fc.property(dealt, (deal) => {
        const merged = splits(deal)
          .map((share) => metricsOf(share))
          .reduce((all, rank) => all.merge(rank), new PredictionMetrics());

        expect(merged.finish()).toEqual(metricsOf(deal.pairs).finish());
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('survive the way through JSON, kept values or sketch, to the last bit', () => {
    fc.assert(
      fc.property(galaxies, fc.constantFrom(0, 10, 1000), (pairs, exactUpTo) => {
        const metrics = metricsOf(pairs, exactUpTo);

        const restored = PredictionMetrics.fromJSON(JSON.parse(JSON.stringify(metrics)));

        expect(restored.finish()).toEqual(metrics.finish());
        expect(restored.merge(metrics).count).toBe(2 * pairs.length);
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  it('keep R2 sound where redshifts lie so close together that plain sums lose every digit', () => {
    // Spread 1e-9 about 0.5: n sum z^2 - (sum z)^2 in doubles is rounding noise.
    const pairs = Array.from({ length: 1000 }, (_, at): Pair => {
      const zSpec = 0.5 + (at - 499.5) * 2 ** -40;
      return [zSpec, zSpec + (at % 2 === 0 ? 2 ** -42 : -(2 ** -42))];
    });

    // sum (z - mean)^2 = 2^-80 (n^3 - n) / 12; sum (z - p)^2 = n 2^-84.
    const expected = 1 - (1000 * 2 ** -84) / ((2 ** -80 * (1000 ** 3 - 1000)) / 12);
    expect(metricsOf(pairs).finish().r2).toBeCloseTo(expected, 14);
  });

  it('count what they leave out: missing, infinite and impossible redshifts', () => {
    const unusable: Pair[] = [
      [NaN, 0.1],
      [0.1, NaN],
      [0.1, Infinity],
      [-1, 0.1],
      [-1.5, 0.1],
      [1e200, 0.1],
    ];

    const scores = metricsOf([[0.1, 0.1], ...unusable]).finish();

    expect(scores).toMatchObject({ count: 1, excluded: unusable.length, mae: 0, precision: 0, r2: null });
  });

  it('of two ranks leave out what either left out, also through JSON', () => {
    const first = metricsOf([
      [0.1, 0.2],
      [NaN, 0.1],
      [0.2, NaN],
    ]);
    const second = metricsOf([
      [0.3, 0.1],
      [NaN, NaN],
    ]);
    expect(first.merge(second).finish()).toMatchObject({ count: 2, excluded: 3 });
    expect(second.finish()).toMatchObject({ count: 1, excluded: 1 });
    expect(PredictionMetrics.fromJSON(JSON.parse(JSON.stringify(first))).finish()).toEqual(first.finish());
    expect(first.count).toBe(2);
  });

  it('have limits that are not outliers themselves, and redshifts up to the largest usable', () => {
    const at = (dz: number): Pair => [0, dz];
    const scores = metricsOf([
      at(0.05),
      at(-0.05),
      at(0.0625),
      at(-0.0625),
      at(0.1875),
      at(-0.25),
      at(0.25),
      at(0),
    ]).finish();
    expect([scores.outlier_fraction_005, scores.outlier_fraction_015]).toEqual([5 / 8, 3 / 8]);
    expect(
      metricsOf([
        [0.1, 1e100],
        [1e100, 0.1],
        [0.1, -1e100],
        [0.1, 9e99],
        [-0.5, 0.1],
      ]).finish(),
    ).toMatchObject({
      count: 2,
      excluded: 3,
    });
  });

  it('are null, not NaN, without predictions', () => {
    expect(new PredictionMetrics().finish()).toEqual({
      count: 0,
      excluded: 0,
      mae: null,
      mse: null,
      bias: null,
      precision: null,
      precision_error: null,
      r2: null,
      outlier_fraction_005: null,
      outlier_fraction_015: null,
    });
  });

  it('beyond the values kept estimate the precision within the error they state', () => {
    fc.assert(
      fc.property(dealt, fc.integer({ min: 0, max: 20 }), (deal, exactUpTo) => {
        const sketched = splits(deal)
          .map((share) => metricsOf(share, exactUpTo))
          .reduce((all, rank) => all.merge(rank), new PredictionMetrics({ exactUpTo }))
          .finish();
        const exact = metricsOf(deal.pairs).finish();

        const isSketched = deal.pairs.length > exactUpTo;
        expect(sketched.precision_error! > 0).toBe(isSketched);
        expect(Math.abs(sketched.precision! - exact.precision!)).toBeLessThanOrEqual(sketched.precision_error!);
        expect(sketched.precision_error!).toBeLessThanOrEqual(1e-8 + 1e-3 * (1 + exact.precision!));
        expect({ ...sketched, precision: null, precision_error: null }).toEqual({
          ...exact,
          precision: null,
          precision_error: null,
        });
      }),
      { numRuns: 300, seed: 8 },
    );
  });

  it('state a true bound even for a model gone wild', () => {
    const wild = Array.from({ length: 41 }, (_, at): Pair => [0.1, (at % 2 === 0 ? 1 : -1) * 10 ** (2 * at)]);

    const exact = metricsOf(wild).finish().precision!;
    const sketched = metricsOf(wild, 0).finish();

    expect(Math.abs(sketched.precision! - exact)).toBeLessThanOrEqual(sketched.precision_error!);
    expect(sketched.precision_error! / exact).toBeLessThan(1e-3);
  });

  it('refuse JSON that is none of theirs and say where', () => {
    const json = metricsOf([[0.1, 0.2]]).toJSON();

    expect(() => PredictionMetrics.fromJSON({ ...json, count: -1, sums: { ...json.sums, z: ['x'] } })).toThrow(
      InvalidInputError,
    );
    expect(() => PredictionMetrics.fromJSON({ ...json, sums: {} })).toThrow(/sums\.absolute/);
  });

  it('refuse two columns of different length', () => {
    expect(() => new PredictionMetrics().addAll([0.1], [0.1, 0.2])).toThrow(/1 spectroscopic redshifts for 2/);
  });
});

describe('nmad', () => {
  it('is 1.48 times the median distance from the median, and leaves its input alone', () => {
    const values = new Float64Array([0.04, -0.01, 0.0, 0.01]);

    // Sorted -0.01 0 0.01 0.04: median 0.005; distances 0.005 0.005 0.015 0.035: median 0.01.
    expect(nmad(values)).toBeCloseTo(0.0148, 15);
    expect([...values]).toEqual([0.04, -0.01, 0.0, 0.01]);
  });
});
