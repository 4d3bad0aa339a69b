import { pricesOf } from '@cosmicai/metrics';
import { parseRunPayload, UserInputError } from '@cosmicai/payload';
import {
  DEFAULT_CALIBRATION,
  frontierOf,
  inEightBits,
  pickPoint,
  quoteRun,
  runPlanOf,
  tunedFields,
  type TunePoint,
} from '../src/index.ts';

const prices = pricesOf();
const { payload } = parseRunPayload({ bucket: 'galaxies' });
const sizesOf = (files: number, galaxies: number) =>
  new Map(Array.from({ length: files }, (_, file) => [`${file + 1}.pt`, galaxies * 20_528 + 900]));
const sizes = sizesOf(12, 5000);

describe('the frontier of time against cost', () => {
  const points = frontierOf({ payload, sizes, prices, calibrations: { fp32: DEFAULT_CALIBRATION } });

  it('has choices of which each is cheaper and slower than the one before', () => {
    expect(points.length).toBeGreaterThan(3);
    for (const [place, { seconds, costUsd }] of points.slice(1).entries()) {
      expect(seconds.median).toBeGreaterThan(points[place]!.seconds.median);
      expect(costUsd.median).toBeLessThan(points[place]!.costUsd.median);
    }
  });

  it('has no choice of more at once than the account runs', () => {
    const concurrency = { limit: 2, source: 'as given' };
    const few = frontierOf({
      payload,
      sizes,
      prices,
      quick: true,
      concurrency,
      calibrations: { fp32: DEFAULT_CALIBRATION },
    });
    expect(Math.max(...few.map(({ maxConcurrency }) => maxConcurrency))).toBe(2);
    expect(few[0]!.seconds.median).toBeGreaterThan(points[0]!.seconds.median);
  });

  it('says of each what a quote says', () => {
    const { worldSize, memoryMb, architecture, childType, maxConcurrency, seconds, costUsd } = points[0]!;
    const changed = { ...payload, world_size: worldSize, max_concurrency: maxConcurrency };
    const plan = runPlanOf(changed, sizes, { memoryMb, architecture, childType, ephemeralStorageMb: 512 });
    expect(quoteRun(plan, DEFAULT_CALIBRATION, { prices })).toMatchObject({ seconds, costUsd });
  });

  it('leaves out nothing that would be faster and cheaper, of all memory sizes with one file a rank', () => {
    const beaten = [884, 1769, 3008, 5307, 8845, 10_240].flatMap((memoryMb) => {
      const plan = runPlanOf(payload, sizes, {
        memoryMb,
        architecture: 'x86_64',
        childType: 'EXPRESS',
        ephemeralStorageMb: 512,
      });
      const { seconds, costUsd } = quoteRun(plan, DEFAULT_CALIBRATION, { prices });
      return points.every(
        (point) => point.seconds.median > 1.02 * seconds.median || point.costUsd.median > 1.02 * costUsd.median,
      )
        ? [memoryMb]
        : [];
    });
    expect(beaten).toEqual([]);
  });

  it('is of models in 8 bits where they may be chosen, and of the processors that are asked for', () => {
    const both = frontierOf({
      payload,
      sizes,
      prices,
      calibrations: { fp32: DEFAULT_CALIBRATION, int8: inEightBits(DEFAULT_CALIBRATION) },
    });
    expect(new Set(both.map(({ precision }) => precision))).toEqual(new Set(['int8']));
    expect(both.at(-1)!.costUsd.median).toBeLessThan(points.at(-1)!.costUsd.median);
    const arm = frontierOf({
      payload,
      sizes,
      prices,
      calibrations: { fp32: DEFAULT_CALIBRATION },
      architectures: ['arm64'],
    });
    expect(new Set(arm.map(({ architecture }) => architecture))).toEqual(new Set(['arm64']));
  });

  it('has no Express child that may last over five minutes on a slow day, and nothing where nothing can do it', () => {
    const long = frontierOf({
      payload,
      sizes: sizesOf(1, 600_000),
      prices,
      calibrations: { fp32: DEFAULT_CALIBRATION },
    });
    expect(new Set(long.map(({ childType }) => childType))).toEqual(new Set(['STANDARD']));
    expect(() =>
      frontierOf({ payload, sizes: sizesOf(1, 1e8), prices, calibrations: { fp32: DEFAULT_CALIBRATION } }),
    ).toThrow(UserInputError);
  });
});

describe('a choice', () => {
  const point = (seconds: number, usd: number): TunePoint => ({
    worldSize: 2,
    filesPerRank: 1,
    memoryMb: 1769,
    architecture: 'x86_64',
    childType: 'EXPRESS',
    maxConcurrency: 1000,
    precision: 'int8',
    seconds: { low: seconds, median: seconds, high: 1.5 * seconds },
    costUsd: { low: usd, median: usd, high: 1.5 * usd },
    coldStarts: 2,
  });
  const [fast, middle, cheap] = [point(10, 0.09), point(20, 0.06), point(40, 0.04)];
  const points = [fast, middle, cheap];

  it('is the cheapest within a deadline, the fastest within a budget, by what it takes at most', () => {
    expect(pickPoint(points, { deadlineSeconds: 31 })).toBe(middle);
    expect(pickPoint(points, { deadlineSeconds: 29 })).toBe(fast);
    expect(pickPoint(points, { budgetUsd: 0.1 })).toBe(middle);
    expect(pickPoint(points, { budgetUsd: 0.08 })).toBe(cheap);
    expect(pickPoint(points, { deadlineSeconds: 100, budgetUsd: 0.1 })).toBe(cheap);
  });

  it('is refused where there is none, with what would do', () => {
    expect(() => pickPoint(points, { deadlineSeconds: 14 })).toThrow(
      new UserInputError(
        'No choice keeps to that: the fastest may take up to 15.0 s, the cheapest may cost up to 0.0600 USD. Allow more, or split the partitions (cosmicai split).',
      ),
    );
    expect(() => pickPoint(points, { deadlineSeconds: 16, budgetUsd: 0.07 })).toThrow(UserInputError);
  });

  it('goes into the payload beside what is there', () => {
    expect(tunedFields({ bucket: 'galaxies', world_size: 9 }, fast)).toEqual({
      bucket: 'galaxies',
      world_size: 2,
      max_concurrency: 1000,
    });
  });
});
