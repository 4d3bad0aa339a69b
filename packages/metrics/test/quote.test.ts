import { UserInputError } from '@cosmicai/payload';
import {
  bootstrapInterval,
  calibratedBy,
  DEFAULT_CALIBRATION,
  loadsOf,
  median,
  normaliseRankResult,
  pricesOf,
  quantile,
  quoteRun,
  reconcile,
  seededRandom,
  type RankMeasurement,
  type RunPlan,
} from '../src/index.ts';

const prices = pricesOf('us-east-1');

function plan(ranks: number, changes: Partial<RunPlan> & { megabytes?: number } = {}): RunPlan {
  const { megabytes = 100, ...rest } = changes;
  return {
    ranks: Array.from({ length: ranks }, () => ({ samples: 51 * megabytes, bytes: megabytes * 2 ** 20, files: 1 })),
    batchSize: 128,
    memoryMb: 3072,
    ephemeralStorageMb: 512,
    architecture: 'arm64',
    maxConcurrency: 1000,
    fmi: false,
    childType: 'EXPRESS',
    ...rest,
  };
}

describe('a quote', () => {
  it('of a small run tells duration with range, requests, transitions, memory, itemised cost, and nothing to worry about', () => {
    const quote = quoteRun(plan(4), DEFAULT_CALIBRATION, { prices });

    expect(quote).toMatchObject({ ranks: 4, ranksWithData: 4, samples: 4 * 5100, stateTransitions: 6, warnings: [] });
    expect(quote.lambdaRequests).toBe(4 + 2);
    expect(quote.seconds.low).toBeLessThanOrEqual(quote.seconds.median);
    expect(quote.seconds.median).toBeLessThanOrEqual(quote.seconds.high);
    expect(quote.cost.items.map(({ service }) => service)).toEqual(
      expect.arrayContaining(['Lambda', 'Step Functions', 'S3']),
    );
    expect(quote.cost.usd).toBeCloseTo(
      quote.cost.items.reduce((sum, item) => sum + item.usd, 0),
      12,
    );
    expect(quote.costUsd.low).toBeLessThanOrEqual(quote.cost.usd);
    expect(quote.cost.usd).toBeLessThanOrEqual(quote.costUsd.high);
  });

  it('of 10,000 ranks and 1 TB goes in ten waves of what Lambda lets run at once', () => {
    const quote = quoteRun(plan(10_000), DEFAULT_CALIBRATION, { prices, runs: 3 });

    expect(quote.bytes).toBeGreaterThan(1e12);
    expect(quote.peakConcurrency).toBe(1000);
    expect(quote.seconds.median).toBeGreaterThan(10 * (5100 / 350) * (1769 / 3072));
    const told = quote.warnings.join('\n');
    expect(told).toMatch(/about 10 waves/);
    expect(told).toMatch(/rank tasks are about \d+ KB/);
  });

  it('of more ranks at once than the concurrency quota warns of throttling, which the retries outlast', () => {
    const quote = quoteRun(plan(5000, { maxConcurrency: 5000 }), DEFAULT_CALIBRATION, { prices, runs: 3 });

    const told = quote.warnings.join('\n');
    expect(told).toMatch(/above Lambda's concurrency quota of 1000/);
    expect(told).toMatch(/invocations are throttled/);
    expect(told).not.toMatch(/simulated runs end with failed ranks/);
  });

  it.each([
    ['synchronised ranks beyond what can run at once', plan(1500, { fmi: true }), /never pass its first barrier/],
    ['ranks that run into the time-out', plan(1, { megabytes: 12_000 }), /ends after 900 s/],
    ['ranks too slow for Express children', plan(1, { megabytes: 5000 }), /Express child execution ends after 300 s/],
    ['too little memory', plan(1, { memoryMb: 256 }), /needs about 520 MB of its 256 MB/],
    ['more memory than Lambda has', plan(1, { memoryMb: 20_000 }), /more than Lambda gives/],
    ['a run that can but fail', plan(1, { megabytes: 40_000 }), /simulated runs end with failed ranks/],
  ])('warns of %s', (_, planned, warning) => {
    expect(quoteRun(planned, DEFAULT_CALIBRATION, { prices, runs: 3 }).warnings.join('\n')).toMatch(warning);
  });

  it('with Standard children counts their transitions instead of Express requests', () => {
    const quote = quoteRun(
      plan(10, { childType: 'STANDARD' }),
      { ...DEFAULT_CALIBRATION, failureProbability: 0 },
      { prices },
    );

    expect(quote.stateTransitions).toBe(6 + 10);
    expect(quote.cost.items.map(({ item }) => item)).not.toContain('Express requests');
  });

  it('is held against what the run really took', () => {
    const quote = quoteRun(plan(4), DEFAULT_CALIBRATION, { prices });

    const rows = reconcile(quote, {
      seconds: 2 * quote.seconds.high,
      usd: quote.costUsd.median,
      peakMb: quote.memory.peakMb - 100,
      samples: 4 * 5100,
    });

    expect(rows.map(({ what, withinRange }) => [what, withinRange])).toEqual([
      ['duration', false],
      ['cost', true],
      // Less than was quoted is no surprise.
      ['peak memory', true],
      ['samples', true],
    ]);
    expect(rows[0]!.deviation).toBeCloseTo((2 * quote.seconds.high) / quote.seconds.median - 1, 12);
  });
});

describe('loads of a plan', () => {
  it('count galaxies by file size: 5,113 in 100 MB', () => {
    const loads = loadsOf([['100MB/1.pt'], [], ['a.pt', 'b.pt']], (key) =>
      key === '100MB/1.pt' ? 5113 * 20_528 + 900 : 20_528,
    );

    expect(loads.map(({ samples, files }) => [samples, files])).toEqual([
      [5113, 1],
      [0, 0],
      [2, 2],
    ]);
  });
});

describe('a calibration', () => {
  const ranks = (seconds: readonly number[]): RankMeasurement[] =>
    seconds.map((each) => normaliseRankResult({ samples: 1000, duration_seconds: each }).measurement);
  const given = { base: DEFAULT_CALIBRATION, vcpus: 2, source: 'a probe' };

  it('takes the median rate, and a stalled rank as a straggler rather than as spread', () => {
    const calibration = calibratedBy(ranks([4, 4, 4, 4, 4, 4, 4, 4, 4, 24]), given);

    expect(calibration).toMatchObject({ samplesPerSecond: 250, rateSpread: 0, vcpus: 2, source: 'a probe' });
    expect(calibration.stragglers).toEqual({ probability: 0.1, seconds: 20 });
  });

  it('takes the time of prediction alone where a rank tells it: loading and reading are in the simulation already', () => {
    const told = ranks([5, 5]).map((rank) => ({ ...rank, inferenceSeconds: 4 }));

    expect(calibratedBy(told, given).samplesPerSecond).toBe(250);
  });

  const measured = (
    cpuSeconds: number,
    peakRssMb: number,
    changes: Partial<RankMeasurement> = {},
  ): RankMeasurement => ({
    ...ranks([4])[0]!,
    process: { cpuSeconds, peakRssMb, modelLoadSeconds: null },
    ...changes,
  });

  it('counts the cores that ranks kept busy, so that a crowded machine is no slow one', () => {
    const { vcpus: _, ...unknown } = given;
    const idle = calibratedBy([measured(4, 300)], unknown);
    // The same work in twice the time, for want of a core half the time.
    const crowded = calibratedBy([measured(4, 300, { seconds: 8 })], unknown);

    expect(idle).toMatchObject({ samplesPerSecond: 250, vcpus: 1 });
    expect(crowded).toMatchObject({ samplesPerSecond: 125, vcpus: 0.5 });
    expect(calibratedBy(ranks([4]), unknown).vcpus).toBe(DEFAULT_CALIBRATION.vcpus);
  });

  it('takes the most memory of any rank, less the further sessions that it had on Lambda', () => {
    const both = [measured(4, 300), measured(4, 420)];
    const { mbPerSession } = DEFAULT_CALIBRATION.memory;

    expect(calibratedBy(both, given).memory).toMatchObject({ baseMb: 420, mbPerSession });
    // 3,008 MB show two cores.
    const onLambda = both.map((rank) => ({ ...rank, memoryLimitMb: 3008 }));
    const calibration = calibratedBy(onLambda, { ...given, onLambda: true });
    expect(calibration.memory.baseMb).toBe(420 - mbPerSession);
    expect(quoteRun(plan(1, { memoryMb: 3008 }), calibration, { prices, runs: 1 }).memory.peakMb).toBe(420);
    expect(quoteRun(plan(1, { memoryMb: 5000 }), calibration, { prices, runs: 1 }).memory.peakMb).toBe(
      420 + mbPerSession,
    );
    expect(calibratedBy(ranks([4]), given).memory).toEqual(DEFAULT_CALIBRATION.memory);
  });

  it('takes cold starts where both the start and the loading of the model are known, doubled for Lambda’s own share', () => {
    const cold = [measured(4, 300, { process: { cpuSeconds: 4, peakRssMb: 300, modelLoadSeconds: 0.5 } })];

    expect(calibratedBy(cold, { ...given, starts: [0.3] })).toMatchObject({
      coldStartSeconds: 1.6,
      coldDownload: { bytes: 0, objects: 0 },
    });
    expect(calibratedBy(cold, { ...given, starts: [0.3], onLambda: true }).coldStartSeconds).toBe(0.8);
    expect(calibratedBy(cold, given).coldStartSeconds).toBe(DEFAULT_CALIBRATION.coldStartSeconds);
  });

  it('of few steady ranks keeps the stragglers it can not have seen', () => {
    expect(calibratedBy(ranks([4, 4]), given).stragglers).toEqual(DEFAULT_CALIBRATION.stragglers);
  });

  it('needs at least one rank that tells samples and seconds', () => {
    expect(() => calibratedBy([normaliseRankResult({}).measurement], given)).toThrow(UserInputError);
  });
});

describe('statistics', () => {
  it("give NumPy's quantiles", () => {
    expect(quantile([3, 1, 2, 10], 0.9)).toBeCloseTo(7.9, 12);
    expect(median([3, 1, 2, 10])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('bootstrap an interval that is the same with the same seed and covers the true median about as often as it says', () => {
    const normalish = seededRandom(9);
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const values = Array.from({ length: 25 }, () => normalish() + normalish() + normalish());
      const { low, high } = bootstrapInterval(values, { random: seededRandom(trial), resamples: 200 })!;
      if (low <= 1.5 && 1.5 <= high) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.88);
    expect(covered / 200).toBeLessThanOrEqual(1);
    const again = () => bootstrapInterval([1, 2, 4], { random: seededRandom(1) });
    expect(again()).toEqual(again());
    expect(bootstrapInterval([1], { random: seededRandom(1) })).toBeNull();
  });
});
