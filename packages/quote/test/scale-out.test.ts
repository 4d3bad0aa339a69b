import fc from 'fast-check';
import { seededRandom } from '@cosmicai/metrics';
import {
  DEFAULT_AWS_LIMITS,
  DEFAULT_CALIBRATION,
  DEFAULT_RETRY,
  DEFAULT_THROTTLE_RETRY,
  simulateRun,
  type Calibration,
  type RunPlan,
  type SimulatedRun,
  type Simulation,
} from '../src/index.ts';

const steady: Calibration = {
  ...DEFAULT_CALIBRATION,
  rateSpread: 0,
  failureProbability: 0,
  stragglers: { probability: 0, slowdown: 0 },
  runSpread: 0,
};

const { predictionPieces: _, ...withoutPieces } = steady;

function plan(ranks: number, changes: Partial<RunPlan> = {}): RunPlan {
  return {
    ranks: Array.from({ length: ranks }, () => ({ samples: 5113, bytes: 105e6, files: 1 })),
    batchSize: 128,
    memoryMb: 1769,
    ephemeralStorageMb: 512,
    architecture: 'x86_64',
    maxConcurrency: 1000,
    fmi: false,
    childType: 'EXPRESS',
    ...changes,
  };
}

function simulated(changes: Partial<Simulation> & { plan: RunPlan }): SimulatedRun {
  return simulateRun({
    calibration: steady,
    limits: DEFAULT_AWS_LIMITS,
    retry: DEFAULT_RETRY,
    throttleRetry: DEFAULT_THROTTLE_RETRY,
    random: seededRandom(1),
    ...changes,
  });
}

/** Most ranks that run at once at any instant. */
function mostAtOnce(run: SimulatedRun): number {
  const changes = run.ranks
    .flatMap((rank) => [
      { at: rank.startedAt, by: 1 },
      { at: rank.endedAt, by: -1 },
    ])
    .sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) most = Math.max(most, (now += by));
  return most;
}

describe('a simulated run', () => {
  it('of one steady rank takes cold start, model, first bytes, inference and writing', () => {
    const run = simulated({ plan: plan(1) });

    const { phases } = run.ranks[0]!;
    expect(phases.coldStart).toBe(1.2);
    expect(phases.inference).toBeCloseTo(5113 / 350, 10);
    expect(run.ranks[0]!.endedAt - run.ranks[0]!.startedAt).toBeCloseTo(
      phases.coldStart + phases.modelLoad + phases.read + phases.inference + phases.write,
      9,
    );
    expect(run.seconds).toBeCloseTo(run.initializeSeconds + run.mapSeconds + run.summarizeSeconds, 9);
  });

  it('is the same again with the same seed, and another with another', () => {
    const with_ = (seed: number) =>
      simulated({ plan: plan(50), calibration: DEFAULT_CALIBRATION, random: seededRandom(seed) });

    expect(with_(3)).toEqual(with_(3));
    expect(with_(3).seconds).not.toBe(with_(4).seconds);
  });

  it('starts warm environments without cold start or model download', () => {
    const run = simulated({ plan: plan(4, { warmEnvironments: 4 }) });

    expect(run.coldStarts).toBe(0);
    expect(run.ranks.every((rank) => rank.phases.modelLoad === 0)).toBe(true);
  });

  it('gets no more new environments than Lambda hands out in the time', () => {
    const limits = { ...DEFAULT_AWS_LIMITS, accountConcurrency: 10_000, childStartsPerSecond: 10_000 };
    const run = simulated({ plan: plan(3000, { maxConcurrency: 10_000 }), limits });

    const begin = run.initializeSeconds;
    const coldBy = (seconds: number) =>
      run.ranks.filter((rank) => rank.cold && rank.startedAt <= begin + seconds).length;
    expect(coldBy(0.5)).toBeLessThanOrEqual(1000 + 50);
    expect(coldBy(5)).toBeLessThanOrEqual(1000 + 500);
    expect(run.throttled).toBeGreaterThan(0);
  });

  it('fails a rank whose every attempt is throttled, and counts it', () => {
    const limits = { ...DEFAULT_AWS_LIMITS, accountConcurrency: 1 };
    const throttleRetry = { ...DEFAULT_RETRY, maxAttempts: 1 };

    const run = simulated({ plan: plan(2), limits, throttleRetry });

    expect(run.failedRanks).toBe(1);
    expect(run.ranks.map((rank) => rank.outcome).sort()).toEqual(['failed', 'succeeded']);
  });

  it('gives up early what can’t end in time, and tries it no more', () => {
    const of = (changes: Partial<RunPlan>, timeoutSeconds: number) =>
      simulated({ plan: plan(1, changes), limits: { ...DEFAULT_AWS_LIMITS, timeoutSeconds } });
    const alone = of({}, 900).billedSeconds;
    // Needed are some 16 s: 3.35 times 4 don't suffice, 3.35 times 6 do.
    expect(of({ childType: 'STANDARD' }, 4)).toMatchObject({ failedRanks: 1, invocations: 1, puts: 0 });
    expect(of({ childType: 'STANDARD' }, 4).billedSeconds).toBeCloseTo(1.2 + 0.2, 2);
    expect(of({ childType: 'STANDARD' }, 6)).toMatchObject({ failedRanks: 0, invocations: 4 });
    expect(of({ childType: 'STANDARD' }, 6).billedSeconds).toBeCloseTo(alone + 3 * 0.2 * 6, 2);
    // Attempts of an Express child share its time.
    expect(of({}, 6)).toMatchObject({ failedRanks: 1, invocations: 1 });
  });

  it('ends invocations at the time-out, and tries them no more', () => {
    const run = simulated({
      plan: plan(1),
      calibration: withoutPieces,
      limits: { ...DEFAULT_AWS_LIMITS, timeoutSeconds: 5 },
    });

    expect(run).toMatchObject({ failedRanks: 1, invocations: 1 });
    expect(run.billedSeconds).toBeCloseTo(1.2 + 5, 2);
  });

  it('lets synchronised ranks wait for the last one, and bills the waiting', () => {
    const alone = simulated({ plan: plan(8), calibration: DEFAULT_CALIBRATION });
    const together = simulated({ plan: plan(8, { fmi: true }), calibration: DEFAULT_CALIBRATION });

    const beforeWriting = together.ranks.map((rank) => rank.endedAt - rank.phases.write);
    expect(Math.max(...beforeWriting) - Math.min(...beforeWriting)).toBeLessThan(1e-9);
    expect(together.billedSeconds).toBeGreaterThan(alone.billedSeconds);
  });

  it('keeps every limit and accounts for every rank, whatever the plan', () => {
    const anyPlan = fc.record({
      ranks: fc.array(
        fc.record({ samples: fc.integer({ min: 0, max: 20_000 }), files: fc.integer({ min: 0, max: 3 }) }),
        { minLength: 1, maxLength: 60 },
      ),
      maxConcurrency: fc.integer({ min: 1, max: 70 }),
      warmEnvironments: fc.integer({ min: 0, max: 5 }),
      accountConcurrency: fc.integer({ min: 1, max: 50 }),
      scaleOut: fc.integer({ min: 1, max: 40 }),
      failureProbability: fc.double({ min: 0, max: 0.5, noNaN: true }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(anyPlan, (drawn) => {
        const run = simulated({
          plan: plan(0, {
            ranks: drawn.ranks.map(({ samples, files }) => ({ samples, files, bytes: samples * 20_528 })),
            maxConcurrency: drawn.maxConcurrency,
            warmEnvironments: drawn.warmEnvironments,
          }),
          calibration: { ...DEFAULT_CALIBRATION, failureProbability: drawn.failureProbability },
          limits: {
            ...DEFAULT_AWS_LIMITS,
            accountConcurrency: drawn.accountConcurrency,
            scaleOutPerTenSeconds: drawn.scaleOut,
          },
          random: seededRandom(drawn.seed),
        });

        const planned = drawn.ranks.flatMap(({ files }, rank) => (files > 0 ? [rank] : []));
        expect(run.ranks.map(({ rank }) => rank)).toEqual(planned);
        expect(run.peakConcurrency).toBeLessThanOrEqual(Math.min(drawn.accountConcurrency, drawn.maxConcurrency));
        expect(
          mostAtOnce({ ...run, ranks: run.ranks.filter((rank) => rank.outcome === 'succeeded') }),
        ).toBeLessThanOrEqual(run.peakConcurrency);
        expect(run.failedRanks).toBe(run.ranks.filter(({ outcome }) => outcome === 'failed').length);
        for (const rank of run.ranks) {
          expect(rank.queuedAt).toBeGreaterThanOrEqual(run.initializeSeconds);
          expect(rank.startedAt).toBeGreaterThanOrEqual(rank.queuedAt);
          expect(rank.endedAt).toBeGreaterThanOrEqual(rank.startedAt);
          expect(rank.invocations).toBeLessThanOrEqual(1 + DEFAULT_RETRY.maxAttempts);
          expect(rank.throttled).toBeLessThanOrEqual(1 + DEFAULT_THROTTLE_RETRY.maxAttempts);
        }
        expect(run.seconds).toBeGreaterThanOrEqual(Math.max(0, ...run.ranks.map((rank) => rank.endedAt)));
      }),
      { seed: 5, numRuns: 150 },
    );
  });
});
