import { QUALITY_FLAGS, UnusableFileError } from '@cosmicai/payload';
import fc from 'fast-check';
import { decodeReduction, encodeReduction, QualityLedger, Reduction, seededRandom } from '../src/index.ts';

interface Galaxy {
  readonly zSpec: number;
  readonly zPred: number;
  readonly flags: number;
}

const strange = fc.constantFrom(NaN, -9999, -1, Infinity, 1e99, 25);
const redshift = fc.oneof(
  { weight: 9, arbitrary: fc.double({ min: 0, max: 3, noNaN: true }) },
  { arbitrary: strange, weight: 1 },
);
const galaxy = fc.record({
  zSpec: redshift,
  zPred: redshift,
  flags: fc.constantFrom(0, 0, 0, QUALITY_FLAGS.image_blank.bit, QUALITY_FLAGS.truth_unusable.bit),
});
const ranks = fc.array(fc.array(galaxy, { maxLength: 40 }), { minLength: 1, maxLength: 7 });

function reductionOf(galaxies: readonly Galaxy[], rank = 0, exactUpTo?: number): Reduction {
  const reduction = new Reduction(exactUpTo === undefined ? {} : { exactUpTo });
  // In two parts, as batches come.
  for (const [from, to] of [
    [0, 5],
    [5, galaxies.length],
  ] as const) {
    const part = galaxies.slice(from, to);
    reduction.addAll({
      rank,
      partition: `${rank}.pt`,
      from,
      zSpec: part.map(({ zSpec }) => zSpec),
      zPred: part.map(({ zPred }) => zPred),
      flags: part.map(({ flags }) => flags),
    });
  }
  return reduction;
}

/** All that is told of a reduction; the terms of exact sums may lie in another way. */
function told(reduction: Reduction) {
  const { redshifts, residuals, worst } = reduction.predictions();
  return { scores: reduction.scores(), redshifts, residuals, worst, galaxies: reduction.galaxies };
}

function throughFile(reduction: Reduction, withValues = true) {
  const { head, tail } = encodeReduction(reduction.kept(), { withValues });
  return decodeReduction(head, withValues ? Buffer.concat(tail) : undefined, '3.bin');
}

/** Merges neighbours, the first `split` and the rest apart, down to single ranks: one of the trees there are. */
function inGroups(parts: readonly Reduction[], splits: Iterator<number>): Reduction {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const split = 1 + (Number(splits.next().value) % (parts.length - 1));
  return inGroups(parts.slice(0, split), splits).merge(inGroups(parts.slice(split), splits));
}

/** Galaxies that fill more cells than a grid has. */
function manyGalaxies(count: number, seed: number): Galaxy[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => ({ zSpec: 2 * random(), zPred: 2 * random(), flags: 0 }));
}

describe('a reduction', () => {
  it.each([
    ['exact', 1000],
    ['sketched', 0],
    ['exact until there are too many', 60],
  ])('of ranks is the same in any order and grouping, and through files: %s', (_, exactUpTo) => {
    fc.assert(
      fc.property(ranks, fc.infiniteStream(fc.nat(50)), fc.infiniteStream(fc.nat(50)), (all, splits, order) => {
        const made = () => all.map((galaxies, rank) => reductionOf(galaxies, rank, exactUpTo));
        const one = new Reduction({ exactUpTo });
        for (const rank of made()) one.merge(rank);
        const files = new Reduction({ exactUpTo });
        for (const rank of made()) files.absorb(throughFile(rank));
        const shuffled = made()
          .map((rank) => [Number(order.next().value), rank] as const)
          .sort(([a], [b]) => a - b)
          .map(([, rank]) => rank);

        const expected = told(one);
        expect(told(inGroups(shuffled, splits))).toEqual(expected);
        expect(told(files)).toEqual(expected);
      }),
      { numRuns: 25, seed: 17 },
    );
  });

  it('is what its galaxies give when they are looked at one by one', () => {
    fc.assert(
      fc.property(ranks, (all) => {
        const merged = new Reduction();
        for (const [rank, galaxies] of all.entries()) merged.merge(reductionOf(galaxies, rank));
        const rows = all.flatMap((galaxies, rank) => galaxies.map((each, index) => ({ ...each, rank, index })));
        const ledger = new QualityLedger();
        for (const { zSpec, zPred, flags } of rows) ledger.add(zSpec, zPred, flags);
        const { redshifts, residuals, worst } = merged.predictions();

        expect(merged.scores()).toEqual(ledger.finish());
        const dz = ({ zSpec, zPred }: Galaxy) => (zPred - zSpec) / (1 + zSpec);
        const inFrame = (z: number) => z >= -1 && z < 20;
        const drawn = rows.filter(({ zSpec, zPred }) => inFrame(zSpec) && inFrame(zPred));
        expect(redshifts.counts.reduce((sum, count) => sum + count, 0)).toBe(drawn.length);
        expect(redshifts.outside).toBe(rows.length - drawn.length);
        expect(residuals.outside).toBe(
          rows.filter((row) => !(inFrame(row.zSpec) && Math.abs(dz(row) + 1e-9) < 8)).length,
        );
        const finite = rows.filter((row) => Number.isFinite(dz(row)));
        const byResidual = finite.toSorted(
          (a, b) => Math.abs(dz(b)) - Math.abs(dz(a)) || a.rank - b.rank || a.index - b.index,
        );
        expect(worst.map(({ partition, index }) => `${partition} ${index}`)).toEqual(
          byResidual.slice(0, 12).map(({ rank, index }) => `${rank}.pt ${index}`),
        );
      }),
      { numRuns: 40, seed: 18 },
    );
  });

  it('counts galaxies in the cells in which they lie', () => {
    const { redshifts, residuals } = reductionOf([{ zSpec: 1, zPred: 1.5, flags: 0 }]).predictions();

    for (const [{ x, y, columns, rows }, across, up] of [
      [redshifts, 1, 1.5],
      [residuals, 1, 0.25],
    ] as const) {
      expect(x.from + columns[0]! * x.width).toBe(across);
      expect(y.from + rows[0]! * y.width).toBe(up);
    }
  });

  it('takes larger cells the more of them are occupied, the same ones in any grouping', () => {
    const parts = [1, 2, 3].map((seed) => manyGalaxies(7000, seed));
    const [one, two, three] = parts.map((galaxies) => () => reductionOf(galaxies));
    const together = told(reductionOf(parts.flat())).redshifts;

    expect(told(one!().merge(two!()).merge(three!())).redshifts).toEqual(together);
    expect(told(three!().merge(two!().merge(one!()))).redshifts).toEqual(together);
    expect(together.x.width).toBeGreaterThan(told(reductionOf(parts[0]!.slice(0, 100))).redshifts.x.width);
    expect(together.counts.length).toBeLessThanOrEqual(16_384);
    expect(together.counts.length).toBeGreaterThan(4096);
    expect(together.counts.reduce((sum, count) => sum + count, 0)).toBe(21_000);
  });

  it('has a head that does not grow with the galaxies, and keeps residuals or not', () => {
    const of = (count: number) => encodeReduction(reductionOf(manyGalaxies(count, 4)).kept());
    const [some, more] = [of(5000), of(20_000)];

    expect(more.head.length).toBeLessThan(3 * some.head.length);
    expect(more.tail.reduce((sum, { length }) => sum + length, 0)).toBe(8 * 20_000);
    const without = encodeReduction(reductionOf(manyGalaxies(50, 4)).kept(), { withValues: false });
    expect(without.tail).toEqual([]);
    const scores = new Reduction();
    scores.absorb(decodeReduction(without.head, Buffer.alloc(0), 'x'));
    expect(scores.scores().prediction_scores.precision_error).toBeGreaterThan(0);
  });

  it('keeps classes and galaxies without a redshift, true or predicted', () => {
    const reduction = new Reduction();
    reduction.addAll({
      rank: 0,
      partition: 'a',
      from: 0,
      zSpec: null,
      zPred: null,
      flags: [0, 2, 0],
      labels: ['QSO', 'STAR', 'QSO'],
    });
    reduction.addAll({ rank: 0, partition: 'b', from: 0, zSpec: null, zPred: [0.5], flags: [0] });

    const { scores, worst, redshifts } = told(reduction);
    const copy = new Reduction();
    copy.absorb(throughFile(reduction));

    expect(told(copy).scores).toEqual(scores);
    expect(scores).toMatchObject({ without_redshift: 3, without_truth: 1, class_counts: { QSO: 2, STAR: 1 } });
    expect([worst, redshifts.counts]).toEqual([[], []]);
  });

  describe('read from a file', () => {
    const galaxies = [
      { zSpec: 0.1, zPred: 0.12, flags: 0 },
      { zSpec: 0.2, zPred: 0.1, flags: QUALITY_FLAGS.image_blank.bit },
    ];
    const { head, tail } = encodeReduction(reductionOf(galaxies, 3).kept());
    const whole = Buffer.concat(tail);
    const changed = (at: number, value: number) => {
      const bytes = Buffer.from(head);
      bytes[at] = value;
      return bytes;
    };

    it.each([
      ['nothing', Buffer.alloc(0), /^3\.bin, byte 0: it is not the reduction of a rank$/],
      ['another file', Buffer.from('PAR1'.repeat(20)), /is not the reduction of a rank/],
      ['a later version', changed(8, 2), /byte 8: it is of version 2, and this CosmicAI reads version 1/],
      ['a part', head.subarray(0, 60), /its head has 60 bytes, and should have \d+/],
      ['other residuals', changed(16, 0), /it has 1 residuals of 2 galaxies/],
    ])('is refused by its name: %s', (_, bytes, message) => {
      expect(() => decodeReduction(bytes, whole, '3.bin')).toThrow(UnusableFileError);
      expect(() => decodeReduction(bytes, whole, '3.bin')).toThrow(message);
    });

    it('is refused with residuals that are too few', () => {
      expect(() => decodeReduction(head, whole.subarray(8), '3.bin')).toThrow(
        '8 bytes of residuals follow its head, and should be 16',
      );
    });

    it('is refused, or read as another one, and never takes forever, whatever byte is another', () => {
      fc.assert(
        fc.property(fc.nat(head.length - 1), fc.nat(255), (at, value) => {
          try {
            decodeReduction(changed(at, value), whole, '3.bin');
          } catch (error) {
            expect(error).toBeInstanceOf(UnusableFileError);
          }
        }),
        { numRuns: 2000, seed: 19 },
      );
    });
  });
});
