import fc from 'fast-check';
import { parseAs } from '@cosmicai/payload';
import { pricesOf } from '@cosmicai/metrics';
import {
  DEFAULT_AWS_LIMITS,
  DEFAULT_RETRY,
  loadsOf,
  quoteRun,
  quoteSchema,
  reconcile,
  simulateRun,
  type Calibration,
  type RunPlan,
  type Simulation,
} from '../src/index.ts';
import { lambdaCores, type AwsLimits } from '../src/aws-limits.ts';
import { EventQueue } from '../src/event-queue.ts';
import { LambdaPool } from '../src/lambda-pool.ts';
import { usageOf } from '../src/quote.ts';
import type { SimulatedRun } from '../src/scale-out.ts';
import { quoteWarnings } from '../src/warnings.ts';

/** Figures so round that a run can be worked out on paper. */
const limits: AwsLimits = {
  ...DEFAULT_AWS_LIMITS,
  childStartsPerSecond: 10,
  memoryMbPerVcpu: 2000,
  s3RequestSeconds: 0.1,
  s3BytesPerSecond: 10e6,
};
const calibration: Calibration = {
  source: 'paper',
  coldStartSeconds: 2,
  coldDownload: { bytes: 20e6, objects: 3 },
  samplesPerSecond: 100,
  vcpus: 1,
  architecture: 'arm64',
  rateSpread: 0,
  stragglers: { probability: 0, slowdown: 100 },
  runSpread: 0,
  failureProbability: 0,
  readsWhilePredicting: true,
  objectsWritten: 3,
  memory: { baseMb: 100, mbPerSession: 50, mbPerBatchSample: 0.5, shareOfPartition: 0.25 },
  initialize: { coldStartSeconds: 1, memoryMb: 512 },
  summarize: { coldStartSeconds: 1.5, memoryMb: 1024, readsAtOnce: 2, objectsPerRank: 3, secondsPerObject: 0.2 },
};
/** Seconds until a file's first galaxies can be predicted: two requests, each for a MiB. */
const FIRST = 2 * 0.1 + (2 * 2 ** 20) / 10e6;
const LARGE = { samples: 2000, bytes: 40e6, files: 2 };
const SMALL = { samples: 400, bytes: 4e6, files: 1 };
const plan: RunPlan = {
  ranks: [LARGE, SMALL, { samples: 0, bytes: 0, files: 0 }],
  batchSize: 128,
  memoryMb: 4000,
  ephemeralStorageMb: 2560,
  architecture: 'arm64',
  maxConcurrency: 1000,
  fmi: true,
  childType: 'EXPRESS',
  // There all the time.
  rendezvous: { vcpus: 0.25, memoryMb: 1024, architecture: 'x86_64' },
};

const simulated = (changes: Partial<Simulation> = {}): SimulatedRun =>
  simulateRun({
    plan,
    calibration,
    limits,
    retry: DEFAULT_RETRY,
    throttleRetry: { intervalSeconds: 2.2, backoffRate: 2, maxAttempts: 12, maxDelaySeconds: 60 },
    random: () => 0.5,
    ...changes,
  });

/** Numbers in it as near as doubles come. */
function near(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 9);
  if (Array.isArray(value)) return value.map(near);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, near(each)]));
}

describe('a run worked out by hand', () => {
  // 4,000 MB are 2 vCPUs, which predict 200 galaxies a second. Of each file the last MiB comes first, then the first one.
  const large = { coldStart: 2, modelLoad: 0.3 + 2, read: 2 * FIRST, inference: 10, write: 0.3 };
  const small = { coldStart: 2, modelLoad: 0.3 + 2, read: FIRST, inference: 2, write: 0.3 };
  const LAST = 1.3 + 4.3 + 2 * FIRST + 10.3;
  const common = { cold: true, invocations: 1, throttled: 0, outcome: 'succeeded' };

  it('has the times of its phases, and its ranks wait for the slowest before they write', () => {
    expect(simulated()).toEqual(
      near({
        initializeSeconds: 1.3,
        serverSeconds: 0,
        mapSeconds: LAST - 1.3,
        summarizeSeconds: 2.3,
        seconds: LAST + 2.3,
        ranks: [
          { ...common, rank: 0, queuedAt: 1.3, startedAt: 1.3, endedAt: LAST, phases: large, barrier: 0 },
          { ...common, rank: 1, queuedAt: 1.4, startedAt: 1.4, endedAt: LAST, phases: small, barrier: 7.9 + FIRST },
        ],
        invocations: 2,
        throttled: 0,
        coldStarts: 2,
        peakConcurrency: 2,
        billedSeconds: 15.42 + 7.01 + 7.9 + FIRST,
        gets: 8 + 3,
        puts: 6,
        failedRanks: 0,
      }),
    );
  });

  it('waits for nobody without FMI, and for the whole partition where reading and predicting take turns', () => {
    const run = simulated({
      plan: { ...plan, fmi: false },
      calibration: { ...calibration, readsWhilePredicting: false },
    });

    expect(run.ranks.map(({ endedAt, barrier, phases }) => [endedAt, barrier, phases.read, phases.inference])).toEqual(
      near([
        [1.3 + 4.3 + (0.4 + 4) + 10.3, 0, 0.4 + 4, 10],
        [1.4 + 4.3 + (0.2 + 0.4) + 2.3, 0, 0.2 + 0.4, 2],
      ]),
    );
  });

  it('predicts no faster than it reads, and a straggler stalls', () => {
    const fast = { ...calibration, samplesPerSecond: 100_000 };
    const slow = { ...calibration, stragglers: { probability: 0.51, slowdown: 0.7 } };
    const inference = (of: Calibration): number =>
      simulated({ plan: { ...plan, fmi: false }, calibration: of }).ranks[0]!.phases.inference;

    expect(inference(slow)).toBeCloseTo(17, 9);
    expect(inference({ ...slow, stragglers: { probability: 0.5, slowdown: 0.7 } })).toBeCloseTo(10, 9);
    // What lies between both MiB of its files, and then the galaxies of the last of these pieces.
    const between = 40e6 - 4 * 2 ** 20;
    expect(inference(fast)).toBeCloseTo(between / 10e6 + (between / 4 / 40e6) * (2000 / 200_000), 9);
  });

  it('ends a child execution of Express where it may last no longer; its invocation goes on and is paid for', () => {
    const run = simulated({
      plan: { ...plan, ranks: [LARGE, SMALL], fmi: false },
      limits: { ...limits, expressSeconds: 9 },
    });

    expect(run).toMatchObject({ failedRanks: 1, invocations: 2 });
    expect(run.ranks).toMatchObject(
      near([
        { outcome: 'failed', queuedAt: 1.3, endedAt: 10.3, phases: large },
        { outcome: 'succeeded', endedAt: 1.4 + 6.6 + FIRST },
      ]) as object[],
    );
    expect(run.billedSeconds).toBeCloseTo(15.42 + 7.01, 9);
    const standard = { ...plan, ranks: [LARGE], fmi: false, childType: 'STANDARD' } as const;
    expect(simulated({ plan: standard, limits: { ...limits, expressSeconds: 9 } }).failedRanks).toBe(0);
  });

  it('shares the requests that a prefix answers in a second', () => {
    const shared = (s3GetsPerSecond: number) =>
      simulated({ plan: { ...plan, ranks: [LARGE, SMALL], fmi: false }, limits: { ...limits, s3GetsPerSecond } })
        .ranks[0]!.phases.inference;
    const piece = (20e6 - 2 ** 21) / 2 / 40e6;

    expect(shared(2)).toBeCloseTo(10, 9);
    // Eight requests of each of two ranks.
    expect(shared(1)).toBeCloseTo(16 - 2 * FIRST + piece * 10, 9);
  });

  it('predicts on arm64 at half the rate of x86_64, where only one of them was measured', () => {
    const inference = (architecture: RunPlan['architecture'], of: Calibration['architecture']) =>
      simulated({ plan: { ...plan, fmi: false, architecture }, calibration: { ...calibration, architecture: of } })
        .ranks[0]!.phases.inference;
    expect([inference('arm64', 'arm64'), inference('x86_64', 'x86_64')]).toEqual(near([10, 10]));
    expect([inference('arm64', 'x86_64'), inference('x86_64', 'arm64')]).toEqual(near([20, 5]));
    const quoted = (architecture: RunPlan['architecture']) =>
      quoteRun({ ...plan, architecture }, calibration, { prices: pricesOf(), limits, runs: 1 }).calibration;
    expect(quoted('arm64')).toBe('paper');
    expect(quoted('x86_64')).toBe('paper; x86_64 not measured, a core of arm64 taken to do 0.5 of one of x86_64');
  });

  it('has no more cores at work than sessions, and takes bytes more slowly on less than one core', () => {
    const phases = (memoryMb: number) => simulated({ plan: { ...plan, fmi: false, memoryMb } }).ranks[0]!.phases;
    expect(phases(2900).inference).toBeCloseTo(20, 9);
    expect(phases(1000).inference).toBeCloseTo(40, 9);
    expect(phases(1000).read).toBeCloseTo(2 * (0.2 + (2 * 2 ** 21) / 10e6), 9);
    expect(phases(1000).modelLoad).toBeCloseTo(0.3 + 4, 9);
  });

  it('keeps predictions in pieces where a rank lasts long', () => {
    const puts = (fromSeconds: number) =>
      simulated({
        plan: { ...plan, ranks: [LARGE], fmi: false },
        calibration: { ...calibration, predictionPieces: { fromSeconds, everySeconds: 4 } },
      }).puts;
    expect([puts(10), puts(10.1)]).toEqual([3 + 2, 3]);
  });

  it('takes all of its time at the pace of its day', () => {
    const [day, slow] = [simulated(), simulated({ pace: 2 })];
    expect(slow).toMatchObject(
      near({ initializeSeconds: 2 * day.initializeSeconds, summarizeSeconds: 2 * day.summarizeSeconds }) as object,
    );
    expect(slow.ranks[0]!.phases).toEqual(
      near(Object.fromEntries(Object.entries(day.ranks[0]!.phases).map(([phase, seconds]) => [phase, 2 * seconds]))),
    );
  });

  it('spreads rates by the logarithm', () => {
    const [rank] = simulated({ calibration: { ...calibration, rateSpread: 0.1 } }).ranks;
    // Both draws of the normal deviate are 0.5.
    expect(rank!.phases.inference).toBeCloseTo(10 * Math.exp(0.1 * Math.sqrt(2 * Math.LN2)), 9);
  });

  it('tries a failing rank again after a part of the longest delay, and gives up', () => {
    const run = simulated({
      plan: { ...plan, ranks: [SMALL], fmi: false },
      calibration: { ...calibration, failureProbability: 1 },
      retry: { intervalSeconds: 1, backoffRate: 2, maxAttempts: 3, maxDelaySeconds: 3 },
    });

    const [cold, warm] = [2 + (4.6 + FIRST) / 2, (2.3 + FIRST) / 2];
    expect(run).toMatchObject(
      near({ failedRanks: 1, invocations: 4, coldStarts: 1, throttled: 0, gets: 8, puts: 0 }) as object,
    );
    expect(run.billedSeconds).toBeCloseTo(cold + 3 * warm, 2);
    const endedAt = 1.3 + cold + 0.5 + warm + 1 + warm + 1.5 + warm;
    expect(run.ranks).toMatchObject(
      near([{ outcome: 'failed', cold: false, startedAt: endedAt - warm, endedAt, barrier: 0 }]) as object[],
    );
  });

  it('turns away what is beyond the quota, and tries it again later each time', () => {
    const run = simulated({
      plan: { ...plan, ranks: [SMALL, SMALL], fmi: false },
      limits: { ...limits, accountConcurrency: 1 },
    });

    expect(run).toMatchObject({ throttled: 3, coldStarts: 1, peakConcurrency: 1, invocations: 2, failedRanks: 0 });
    // Queued at 1.4, again after 1.1, 2.2 and 4.4 s: the first has ended by then, and its environment is warm.
    expect(run.ranks[1]).toMatchObject(
      near({ queuedAt: 1.4, startedAt: 9.1, endedAt: 9.1 + FIRST + 2.3, cold: false, throttled: 3 }) as object,
    );
  });

  it('starts a child when another has ended, where no more may run at once', () => {
    const queued = (changes: Partial<RunPlan>, within = limits) =>
      simulated({ plan: { ...plan, ranks: [SMALL, SMALL, SMALL], fmi: false, ...changes }, limits: within }).ranks.map(
        ({ queuedAt }) => queuedAt,
      );

    expect(queued({ maxConcurrency: 2 })).toEqual(near([1.3, 1.4, 1.3 + 6.6 + FIRST]));
    expect(queued({}, { ...limits, distributedMapConcurrency: 1 })).toEqual(
      near([1.3, 1.3 + 6.6 + FIRST, 1.3 + 8.9 + 2 * FIRST]),
    );
  });

  it('counts a rank that only failed as one that waited for nobody', () => {
    const run = simulated({ calibration: { ...calibration, failureProbability: 1 } });
    expect(run.ranks.map(({ barrier }) => barrier)).toEqual([0, 0]);
  });

  it('uses what is paid for', () => {
    const usage = (changes: Partial<RunPlan> = {}) => {
      const changed = { ...plan, ...changes };
      return usageOf(simulated({ plan: changed }), changed, calibration);
    };
    const control = { architecture: 'arm64', ephemeralStorageMb: 512, requests: 1 };

    expect(usage()).toEqual(
      near({
        lambda: [
          { name: 'init', ...control, memoryMb: 512, billedSeconds: 1.3 },
          {
            name: 'inference',
            architecture: 'arm64',
            memoryMb: 4000,
            ephemeralStorageMb: 2560,
            requests: 2,
            billedSeconds: 15.42 + 7.01 + 7.9 + FIRST,
            provisioned: false,
          },
          { name: 'summarize', ...control, memoryMb: 1024, billedSeconds: 2.3 },
        ],
        stepFunctions: { standardTransitions: 7, expressRequests: 2, expressGbSeconds: (15.5 + 15.4) / 16 },
        // Model files, pieces, what Summarize and the Map's reader read; and what they write.
        s3: { puts: 10 + 2 + 6 + 2, lists: 2, gets: 6 + 11 + 5 + 4 + 6 },
        fargate: { vcpuHours: (LAST + 2.3) / 14_400, gbHours: (LAST + 2.3) / 3600, architecture: 'x86_64' },
        dataTransfer: { fromS3ToLambdaGb: 44e6 / 2 ** 30 },
      }),
    );
    const small = { vcpus: 0.5, memoryMb: 1024, architecture: 'arm64' } as const;
    expect(usage({ rendezvous: small }).fargate).toEqual(
      near({ vcpuHours: (LAST + 2.3) / 7200, gbHours: (LAST + 2.3) / 3600, architecture: 'arm64' }),
    );
    // Started for the run: for its time after Initialize, with the start itself, and ten minutes.
    const { rendezvous: _, ...byDefault } = plan;
    const onDemand = usageOf(simulated({ plan: byDefault }), byDefault, calibration);
    expect(onDemand.fargate?.gbHours).toBeCloseTo((limits.serverStartSeconds + LAST + 2.3 - 1.3 + 600) / 3600, 9);
    expect(onDemand.lambda[0]).toMatchObject({ name: 'init', billedSeconds: near(limits.serverStartSeconds + 1.3) });
    expect(simulated({ plan: byDefault }).seconds).toBeCloseTo(simulated().seconds + limits.serverStartSeconds, 9);
    expect(simulated({ plan: { ...byDefault, fmi: false } }).serverSeconds).toBe(0);
    expect(usage({ rendezvous: null })).not.toHaveProperty('fargate');
    expect(usage({ fmi: false })).not.toHaveProperty('fargate');
    expect(usage({ dataElsewhere: true })).not.toHaveProperty('dataTransfer');
    expect(usage({ provisionedConcurrency: 1 })).toMatchObject({
      lambda: [{}, { provisioned: false }, {}],
      provisionedConcurrency: near({ architecture: 'arm64', memoryMb: 4000, environments: 1, seconds: LAST + 2.3 }),
    });
    expect(usage({ provisionedConcurrency: 2 }).lambda[1]).toMatchObject({ provisioned: true });
    expect(usage({ childType: 'STANDARD', fmi: false }).stepFunctions).toEqual({ standardTransitions: 6 + 2 });
  });

  it('publishes each rank’s result up to a thousand, and lists a thousand objects at once', () => {
    const of = (ranks: number) => {
      const wide = { ...plan, ranks: Array.from({ length: ranks }, () => SMALL), fmi: false };
      return usageOf(simulated({ plan: wide }), wide, calibration).s3;
    };
    expect(of(1000)).toMatchObject({ puts: 12 + 3000 + 1000, lists: 2 });
    expect(of(1001)).toMatchObject({ puts: 12 + 3003, lists: 4 });
    expect(simulated({ plan: { ...plan, ranks: Array.from({ length: 1001 }, () => SMALL) } })).toMatchObject(
      near({ initializeSeconds: 1.4, summarizeSeconds: 1.5 + 501 * 0.6 + (2 + 1) / 10 }) as object,
    );
  });

  it('of nothing at all has its own functions alone', () => {
    const run = simulated({ plan: { ...plan, ranks: [] } });
    expect(run).toMatchObject(near({ mapSeconds: 0, seconds: 1.3 + 1.6, ranks: [] }) as object);
  });

  it('counts throttled and repeated invocations of Standard children as transitions', () => {
    const standard = { ...plan, childType: 'STANDARD', ranks: [SMALL, SMALL], fmi: false } as const;
    const run = simulated({ plan: standard, limits: { ...limits, accountConcurrency: 1 } });
    expect(usageOf(run, standard, calibration).stepFunctions).toEqual({ standardTransitions: 6 + 2 + 3 });
  });

  it('is quoted as it is simulated', () => {
    const quote = quoteRun(plan, calibration, { prices: pricesOf(), limits, runs: 3 });
    const exactly = (value: number) => near({ median: value, low: value, high: value });

    expect(quote).toMatchObject({
      ranks: 3,
      ranksWithData: 2,
      samples: 2400,
      bytes: 44e6,
      seconds: exactly(LAST + 2.3),
      phases: near({ initialize: 1.3, map: LAST - 1.3, summarize: 2.3 }),
      slowestRankSeconds: exactly(LAST - 1.3),
      lambdaRequests: 4,
      stateTransitions: 7,
      coldStarts: 2,
      peakConcurrency: 2,
      // Two vCPUs, so one session more; the larger partition of two has 20 MB.
      memory: near({ peakMb: 100 + 50 + 64 + 5e6 / 2 ** 20, configuredMb: 4000 }),
      warnings: [],
      calibration: 'paper',
      simulatedRuns: 3,
    });
    expect(quote.cost.usd).toBe(quote.costUsd.median);
    expect(parseAs(quoteSchema, JSON.parse(JSON.stringify(quote)), 'quote')).toEqual(quote);
    expect(() => parseAs(quoteSchema, 7, 'quote')).toThrow(/allowed: a quote, as cosmicai quote --json prints it/);
    expect(() => parseAs(quoteSchema, { ...quote, ranks: '3' }, 'quote')).toThrow(
      /ranks: found "3"; allowed: a number/,
    );
    expect(() => parseAs(quoteSchema, { ...quote, ranks: -3 }, 'quote')).toThrow(/ranks/);
  });

  it('is quoted with the spread of days: the same median, and a range as wide as it says', () => {
    const { seconds } = quoteRun(plan, { ...calibration, runSpread: 0.2 }, { prices: pricesOf(), limits });
    const wide = (quantile: number) => Math.exp(0.2 * quantile);
    // Children start in turn whatever the day.
    expect(seconds.median).toBeCloseTo(LAST + 2.3, 9);
    expect(seconds.high / seconds.median).toBeCloseTo(wide(1.5), 1);
    expect(seconds.low / seconds.median).toBeCloseTo(wide(-1.5), 1);
  });

  it('is quoted with the bill in the middle, and the range of all', () => {
    const { cost, costUsd, seconds } = quoteRun(plan, { ...calibration, rateSpread: 0.3 }, { prices: pricesOf() });
    expect(cost.usd).toBe(costUsd.median);
    expect(costUsd.low).toBeLessThan(costUsd.median);
    expect(costUsd.median).toBeLessThan(costUsd.high);
    expect(seconds.low).toBeLessThan(seconds.median);
    expect(seconds.median).toBeLessThan(seconds.high);
  });

  it('is of runs with one seed after the other', () => {
    const spread = { ...calibration, rateSpread: 0.3 };
    const median = (seed: number, runs: number) =>
      quoteRun(plan, spread, { prices: pricesOf(), limits, seed, runs }).seconds.median;
    expect(median(5, 2)).toBeCloseTo((median(5, 1) + median(6, 1)) / 2, 9);
  });

  it('is held against what it took, figure by figure', () => {
    const quote = quoteRun(plan, calibration, { prices: pricesOf(), limits, runs: 3 });
    const row = (what: string, unit: string, quoted: number, actual: number, low = quoted, high = quoted) => ({
      what,
      unit,
      quoted,
      low,
      high,
      actual,
      deviation: actual / quoted - 1,
      withinRange: actual >= low && actual <= high,
    });
    const { median, low, high } = quote.costUsd;

    expect(
      reconcile(quote, {
        seconds: 30,
        slowestRankSeconds: 10,
        usd: median,
        peakMb: 100,
        lambdaRequests: 4,
        coldStarts: 1,
        samples: 2400,
      }),
    ).toEqual(
      near([
        row('duration', 's', LAST + 2.3, 30),
        row('slowest rank', 's', LAST - 1.3, 10),
        row('cost', 'USD', median, median, low, high),
        row('peak memory', 'MB', quote.memory.peakMb, 100, 0),
        row('Lambda requests', '', 4, 4),
        row('cold starts', '', 2, 1),
        row('samples', '', 2400, 2400),
      ]),
    );
    expect(reconcile(quote, {})).toEqual([]);
    expect(reconcile({ ...quote, coldStarts: 0 }, { coldStarts: 1 })).toMatchObject([{ deviation: null }]);
  });
});

describe('the loads of ranks', () => {
  it('are galaxies by the size of each file, and bytes', () => {
    const sizes: Record<string, number> = { 'a.pt': 20_528 * 3 + 20_527, 'b.pt': 20_528, 'c.pt': 20_527 };
    expect(loadsOf([['a.pt', 'b.pt', 'c.pt'], []], (key) => sizes[key]!)).toEqual([
      { files: 3, bytes: 20_528 * 4 + 2 * 20_527, samples: 4 },
      { files: 0, bytes: 0, samples: 0 },
    ]);
  });
});

describe('what stands against a run', () => {
  const run = (changes: Partial<SimulatedRun> = {}, slowest = 10): SimulatedRun => ({
    ...simulated(),
    ranks: [{ ...simulated().ranks[0]!, startedAt: 5, endedAt: 5 + slowest }],
    ...changes,
  });
  const warnings = (changes: Partial<Parameters<typeof quoteWarnings>[0]> = {}) =>
    quoteWarnings({ plan, simulated: [run()], peakMb: 100, limits, ...changes });
  const wide = (ranks: number, changes: Partial<RunPlan> = {}): { plan: RunPlan } => ({
    plan: { ...plan, fmi: false, ranks: Array.from({ length: ranks }, () => SMALL), ...changes },
  });
  const few = { ...limits, accountConcurrency: 4 };

  it('is nothing, short of every limit', () => {
    expect(warnings()).toEqual([]);
    expect(warnings({ simulated: [] })).toEqual([]);
    expect(warnings({ ...wide(4), limits: few })).toEqual([]);
    // Ranks without data don't run.
    const { ranks } = wide(4).plan;
    expect(warnings({ ...wide(4, { ranks: [...ranks, { samples: 0, bytes: 0, files: 0 }] }), limits: few })).toEqual(
      [],
    );
    expect(warnings({ simulated: [run({}, 240)] })).toEqual([]);
    expect(warnings({ peakMb: 3200 })).toEqual([]);
    expect(warnings({ plan: { ...plan, memoryMb: 10_240 } })).toEqual([]);
    expect(warnings({ ...wide(4, { maxConcurrency: 4, fmi: true }) })).toEqual([]);
  });

  it('is that ranks can’t all run at once', () => {
    expect(warnings({ ...wide(9, { maxConcurrency: 4 }) })).toEqual([
      `9 ranks for 4 at once: the run goes in about 3 waves. Raise max_concurrency and Lambda's concurrency quota (1000 here) if it should be one.`,
    ]);
    expect(warnings({ ...wide(5, { maxConcurrency: 4, fmi: true }) })).toEqual([
      `5 ranks must run at once to synchronise, but at most 4 can: the run would never pass its first barrier. Use fewer ranks, or raise max_concurrency and Lambda's concurrency quota.`,
    ]);
    expect(warnings({ ...wide(5, { maxConcurrency: 5 }), limits: few })).toEqual([
      expect.stringMatching(/^5 ranks for 4 at once: .* about 2 waves.* \(4 here\)/),
      `max_concurrency 5 is above Lambda's concurrency quota of 4: ranks will be throttled and retried.`,
    ]);
    expect(warnings({ ...wide(5, { maxConcurrency: 4 }), limits: few })).toHaveLength(1);
    expect(warnings({ ...wide(4, { maxConcurrency: 9 }), limits: few })).toEqual([]);
    expect(warnings({ ...wide(5), limits: { ...limits, distributedMapConcurrency: 4 } })).toHaveLength(1);
  });

  it('is throttling, by the run with the most', () => {
    expect(warnings({ simulated: [run(), run({ throttled: 7 }), run({ throttled: 2 })] })).toEqual([
      'Up to 7 invocations are throttled, because Lambda adds at most 1000 environments in ten seconds; they are retried with back-off.',
    ]);
  });

  it('is a time-out that comes near: the function’s, or the child execution’s before it', () => {
    const standard = { ...plan, childType: 'STANDARD' } as const;
    expect(warnings({ simulated: [run(), run({}, 241)] })).toEqual([
      'The slowest rank takes up to 241 s and an Express child execution ends after 300 s. Use more ranks, smaller partitions, or STANDARD children.',
    ]);
    expect(warnings({ plan: standard, simulated: [run({}, 720)] })).toEqual([]);
    expect(warnings({ plan: standard, simulated: [run({}, 721)] })).toEqual([
      'The slowest rank takes up to 721 s and a Lambda function ends after 900 s. Use more ranks or smaller partitions.',
    ]);
  });

  it('is a time-out by what a rank would have needed', () => {
    const cut = { ...simulated().ranks[0]!, startedAt: 0, endedAt: 300 };
    const phases = { ...cut.phases, inference: 990 };
    expect(warnings({ simulated: [run({ ranks: [{ ...cut, phases }] })] })[0]).toMatch(/takes up to 99\d s/);
  });

  it('is S3, where it answers fewer requests than the ranks ask for', () => {
    const busy = { ...limits, s3GetsPerSecond: 1 };
    expect(warnings({ limits: busy })).toEqual([
      '2 ranks that read at once ask for 8 pieces each, which takes 16 s at the 1 requests a second that S3 answers below one prefix. Lower max_concurrency, or give ranks fewer processors (functions: less memory): they wait for S3.',
    ]);
    expect(warnings({ limits: { ...limits, s3GetsPerSecond: 2 }, plan: { ...plan, ranks: [] } })).toEqual([]);
    // Eight seconds are eight tenths of the ten that prediction takes.
    expect(warnings({ limits: { ...limits, s3GetsPerSecond: 2 } })).toEqual([]);
  });

  it('is memory', () => {
    expect(warnings({ peakMb: 3201 })).toEqual([
      'A rank needs about 3201 MB of its 4000 MB. Give it more, or use smaller partitions or batches.',
    ]);
    expect(warnings({ plan: { ...plan, memoryMb: 10_241 }, peakMb: 10_000 })).toEqual([
      '10241 MB is more than Lambda gives a function (10240 MB).',
    ]);
  });

  it('is failure', () => {
    expect(warnings({ simulated: [run(), run({ failedRanks: 3 }), run({ failedRanks: 1 })] })).toEqual([
      '2 of 3 simulated runs end with failed ranks (up to 3). See the other warnings, or set tolerated_failure_percentage.',
    ]);
  });
});

describe('events', () => {
  it('come in the order of their time, and of their arrival where it is the same', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 }), (times) => {
        const queue = new EventQueue<number>();
        for (const [order, time] of times.entries()) queue.add(time, order);
        const came = times.map(() => queue.next()!);
        expect(queue.next()).toBeUndefined();
        const expected = times.map((time, order) => ({ time, order })).sort((a, b) => a.time - b.time);
        expect(came.map(({ time, event }) => ({ time, order: event }))).toEqual(expected);
      }),
      { seed: 1 },
    );
  });
});

describe('Lambda’s environments', () => {
  it('are made as fast as the quota refills, and never more of it than ten seconds’ worth', () => {
    const pool = new LambdaPool({ ...limits, scaleOutPerTenSeconds: 2 }, { warm: 1, since: 100 });
    const admissions = [100, 100, 100, 100, 104, 105, 105, 199, 199, 199].map((now) => pool.admit(now));

    expect(admissions).toEqual([
      ...['warm', 'cold', 'cold', 'throttled'],
      // 0.8 of one, then one.
      ...['throttled', 'cold', 'throttled'],
      ...['cold', 'cold', 'throttled'],
    ]);
    expect(pool).toMatchObject({ coldStarts: 5, peakConcurrency: 6 });
    pool.release();
    expect([pool.admit(199), pool.admit(199)]).toEqual(['warm', 'throttled']);
    expect(pool).toMatchObject({ coldStarts: 5, peakConcurrency: 6 });
  });

  it('are as many at once as the account may have, warm ones too', () => {
    const pool = new LambdaPool({ ...limits, accountConcurrency: 2 }, { warm: 3, since: 0 });
    expect([pool.admit(0), pool.admit(0), pool.admit(0)]).toEqual(['warm', 'warm', 'throttled']);
  });

  it.each([
    [128, 2],
    [3008, 2],
    [3009, 3],
    [5307, 3],
    [5308, 4],
    [7076, 4],
    [7077, 5],
    [8845, 5],
    [8846, 6],
    [10_240, 6],
  ])('of %d MB show %d cores', (memoryMb, cores) => {
    expect(lambdaCores(memoryMb)).toBe(cores);
  });
});
