import { pricesOf } from '@cosmicai/metrics';
import { DEFAULT_CALIBRATION, loadsOf, quoteRun, reconcile, type RunPlan } from '../src/index.ts';

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

  it('of an account that runs few functions at once lets ranks take turns, where none is throttled', () => {
    const few = { limit: 3, source: 'what was told' };
    const quote = quoteRun(plan(9), DEFAULT_CALIBRATION, { prices, runs: 3, concurrency: few });
    const turns = quoteRun(plan(9, { maxConcurrency: 3 }), DEFAULT_CALIBRATION, { prices, runs: 3 });

    expect(quote).toMatchObject({
      peakConcurrency: 3,
      concurrency: few,
      seconds: turns.seconds,
      costUsd: turns.costUsd,
    });
    expect(quote.warnings).toEqual([expect.stringMatching(/^9 ranks for 3 at once: .* about 3 waves.*\(3 here\)/)]);
  });

  it('of an account that runs more than most says so, and what is assumed where nobody has asked', () => {
    const many = { limit: 3000, source: 'what was told' };
    const wide = plan(1500, { maxConcurrency: 1500, warmEnvironments: 1500 });
    const quoted = (concurrency?: typeof many) =>
      quoteRun(wide, DEFAULT_CALIBRATION, { prices, runs: 1, ...(concurrency && { concurrency }) });
    expect(quoted(many)).toMatchObject({ peakConcurrency: 1500, warnings: [] });
    expect(quoted()).toMatchObject({ peakConcurrency: 1000, concurrency: { limit: 1000 } });
    expect(quoted().concurrency?.source).toMatch(/assumed/);
  });

  it('of 10,000 ranks and 1 TB goes in ten waves of what Lambda lets run at once', () => {
    const quote = quoteRun(plan(10_000), DEFAULT_CALIBRATION, { prices, runs: 3 });

    expect(quote.bytes).toBeGreaterThan(1e12);
    expect(quote.peakConcurrency).toBe(1000);
    expect(quote.seconds.median).toBeGreaterThan(10 * (5100 / 350) * (1769 / 3072));
    const told = quote.warnings.join('\n');
    expect(told).toMatch(/about 10 waves/);
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
    ['ranks that run into the time-out', plan(1, { megabytes: 12_000, childType: 'STANDARD' }), /ends after 900 s/],
    ['ranks too slow for Express children', plan(1, { megabytes: 5000 }), /Express child execution ends after 300 s/],
    ['too little memory', plan(1, { memoryMb: 256 }), /needs about 350 MB of its 256 MB/],
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

describe('the memory of a rank', () => {
  it('has a session more for each core that a function of its size is shown', () => {
    const { baseMb, mbPerSession } = DEFAULT_CALIBRATION.memory;
    const peakMb = (memoryMb: number) =>
      quoteRun(plan(1, { memoryMb }), DEFAULT_CALIBRATION, { prices, runs: 1 }).memory.peakMb;

    expect([peakMb(3008), peakMb(5000)]).toEqual([baseMb + mbPerSession, baseMb + 2 * mbPerSession]);
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
