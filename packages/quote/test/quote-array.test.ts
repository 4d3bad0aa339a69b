import { pricesOf } from '@cosmicai/metrics';
import { DEFAULT_CALIBRATION, quoteArray, type ArrayEngine, type Calibration, type RunPlan } from '../src/index.ts';

const plan = (ranks: number, more: Partial<RunPlan> = {}): RunPlan => ({
  ranks: Array.from({ length: ranks }, () => ({ samples: 7000, bytes: 1_000_000, files: 1 })),
  ...{ batchSize: 128, memoryMb: 3008, ephemeralStorageMb: 512, architecture: 'x86_64' },
  ...{ maxConcurrency: 1000, fmi: false, childType: 'STANDARD' },
  ...more,
});

/** 100 galaxies a second and core, nothing by chance. */
const calibration: Calibration = {
  ...DEFAULT_CALIBRATION,
  ...{ samplesPerSecond: 100, rateSpread: 0, runSpread: 0, failureProbability: 0 },
  stragglers: { probability: 0, slowdown: 0 },
  ...{ coldStartSeconds: 0, coldDownload: { bytes: 0, objects: 0 } },
};

const engine = (name: ArrayEngine['name'], more: Partial<ArrayEngine> = {}): ArrayEngine => ({
  ...{ name, cpus: 2, memoryMb: 4096, rankMemoryMb: 3840, attempts: 6, startSeconds: 0 },
  ...more,
});

const quote = (of: RunPlan, by: ArrayEngine, calibrated: Partial<Calibration> = {}, prices = pricesOf()) =>
  quoteArray(of, { ...calibration, ...calibrated }, by, { prices, runs: 1 });

describe('a run as an array of tasks', () => {
  it('takes as many turns as its places allow, each of all its cores', () => {
    // 7,000 galaxies at 200 a second are 35 s, besides requests of fractions of a second.
    const once = quote(plan(4), engine('slurm'));
    expect(once.phases.ranks).toBeCloseTo(35.3, 0);
    expect(once).toMatchObject({
      tasksAtOnce: 4,
      coresAtOnce: 8,
      ranks: 4,
      samples: 28_000,
      cost: null,
      costUsd: null,
    });
    expect(quote(plan(4, { maxConcurrency: 2 }), engine('slurm')).phases.ranks).toBeCloseTo(2 * once.phases.ranks, 6);
    expect(quote(plan(4, { maxConcurrency: 3 }), engine('slurm')).phases.ranks).toBeCloseTo(2 * once.phases.ranks, 6);
    expect(quote(plan(4), engine('slurm', { cpus: 1 })).phases.ranks).toBeCloseTo(70.3, 0);
  });

  it('counts core-hours of ranks and of Summarize, and what starts take', () => {
    const { coreHours, phases } = quote(plan(4), engine('kubernetes', { startSeconds: 10 }));
    expect(phases.ranks).toBeCloseTo(45.3, 0);
    expect(coreHours.median).toBeCloseTo((2 * (4 * phases.ranks + phases.summarize)) / 3600, 6);
    expect(phases.summarize).toBeGreaterThan(10);
  });

  it('asks for what a run asked for at a bucket', () => {
    // Counted: 11 GETs and HEADs a rank of one file of one piece, 14 and 5 a rank to combine, 3 and 7 PUTs, 4 a rank and one to publish it.
    expect(quote(plan(2), engine('slurm')).requests).toEqual({ gets: 46, puts: 20, lists: 3 });
    // More than 1,000 ranks are not published one by one.
    expect(quote(plan(1001), engine('slurm')).requests.puts).toBe(10 + 4 * 1001);
    const stored = { coldDownload: { bytes: 0, objects: 1, lookups: 10 } };
    expect(quote(plan(2), engine('slurm'), stored).requests.gets).toBe(46 + 2 * 11);
  });

  it('costs on Fargate its processors and memory, a task a minute at least', () => {
    const prices = { ...pricesOf(), fargate: { vcpu_hour: 1, gb_hour: 0.1, spot: { vcpu_hour: 0.5, gb_hour: 0.05 } } };
    const of = (by: Partial<ArrayEngine>) => quote(plan(4), engine('batch', by), {}, prices).cost!.items;
    const fargate = of({ capacity: 'on-demand' }).filter(({ service }) => service === 'Fargate');
    // Four ranks of 35 s and Summarize: five minutes of 2 vCPUs and 4 GB.
    expect(fargate.map(({ quantity }) => quantity)).toEqual([(2 * 5) / 60, (4 * 5) / 60]);
    expect(fargate.map(({ unitPrice }) => unitPrice)).toEqual([1, 0.1]);
    expect(of({ capacity: 'spot' }).map(({ unitPrice }) => unitPrice)).toEqual(expect.arrayContaining([0.5, 0.05]));
    expect(of({ capacity: 'on-demand', startSeconds: 30 })[0]).toMatchObject({ service: 'S3' });
    expect(quote(plan(4), engine('batch', { capacity: 'spot' })).warnings.join()).toContain('none of Fargate spot');
    expect(quote(plan(4), engine('batch', { capacity: 'on-demand' })).warnings.join()).not.toContain('spot');
  });

  it('costs on nodes of one’s own what a core does', () => {
    const { cost, coreHours } = quote(plan(4), engine('slurm', { coreHourUsd: 0.03 }));
    expect(cost!.items).toMatchObject([{ service: 'Nodes', quantity: coreHours.median, unitPrice: 0.03 }]);
    expect(cost!.usd).toBeCloseTo(0.03 * coreHours.median, 12);
  });

  it('tries again what fails, and says when that is not enough', () => {
    const failing = quote(plan(50), engine('slurm'), { failureProbability: 0.3 });
    expect(failing.requests.gets).toBeGreaterThan(quote(plan(50), engine('slurm')).requests.gets);
    expect(failing.warnings).toEqual([]);
    expect(quote(plan(3), engine('slurm'), { failureProbability: 1 }).warnings.join()).toContain('after 6 tries each');
  });

  it('is not ended after fifteen minutes, and warns of a prefix and of memory', () => {
    const long = { ranks: [{ samples: 2_000_000, bytes: 1_000_000, files: 1 }] };
    expect(quote(plan(1, long), engine('slurm'))).toMatchObject({ warnings: [] });
    expect(quote(plan(1, long), engine('slurm')).slowestRankSeconds.median).toBeCloseTo(10_000, -2);
    expect(quote(plan(1), engine('slurm', { rankMemoryMb: 500 })).warnings.join()).toContain('MB of its 500 MB');
    const many = { ranks: Array.from({ length: 8000 }, () => ({ samples: 10, bytes: 5e8, files: 1 })) };
    const warned = quote(plan(1, { ...many, maxConcurrency: 8000 }), engine('slurm'), { samplesPerSecond: 1e6 });
    expect(warned.warnings.join()).toContain('requests a second that S3 answers below one prefix');
  });
});
