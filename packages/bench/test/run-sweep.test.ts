import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BenchFolder,
  runSweep,
  sweepReport,
  sweepRuns,
  type BenchRun,
  type RunFigures,
  type SweepExecution,
  type SweepRun,
  type SweepTarget,
} from '../src/index.ts';

const RUNS = sweepRuns(
  { worldSizes: [1, 2], batchSizes: [8], dataSizes: [null], partitionSizes: [null], repeat: 1 },
  1,
);

const FIGURES: RunFigures = {
  summary: {
    run_id: 'r-1',
    samples: 60,
    wall_clock_seconds: 3,
    slowest_rank_seconds: 2,
    failed_ranks: [],
    ranks: { succeeded: 2, cold_starts: 0 },
  },
  reports: [],
  ranks: [{ memoryMb: 300 }, { memoryMb: null }, { memoryMb: 310 }],
  rates: { byWallClock: { samplesPerSecond: 20, bitsPerSecond: 1e6 } },
  cost: { usd: 0.002 },
};
const report = (initDurationMs?: number) => ({
  requestId: 'q',
  durationMs: 1,
  billedDurationMs: 1,
  memorySizeMb: 1,
  maxMemoryUsedMb: 1,
  ...(initDurationMs !== undefined && { initDurationMs }),
});

/** An execution that ended as told, with figures unless there are none. */
function ended(told: Partial<SweepExecution> & { readonly left?: Partial<RunFigures> | null } = {}): SweepExecution {
  const { left = {}, ...rest } = told;
  return {
    status: 'SUCCEEDED',
    error: undefined,
    cause: undefined,
    figures: left === null ? undefined : () => Promise.resolve({ ...FIGURES, ...left }),
    ...rest,
  };
}

function targetOf(run: (run: SweepRun) => SweepExecution): SweepTarget & { readonly made: SweepRun[] } {
  const made: SweepRun[] = [];
  return {
    configuration: { target: 'local', memory_mb: 3008 },
    made,
    run: (each) => {
      made.push(each);
      return Promise.resolve(run(each));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

let path: string;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'cosmicai-sweep-'));
});
afterEach(() => rm(path, { recursive: true }));

const sweep = (
  target: SweepTarget,
  { signal = new AbortController().signal, place = undefined as string | undefined } = {},
) => {
  const seen: string[] = [];
  return runSweep(RUNS, target, new BenchFolder(path, place), {
    signal,
    onRow: (row, run, { runs, kept }) => seen.push(`${runs} w${run.world_size} ${row.status}${kept ? ' kept' : ''}`),
  }).then((rows) => ({ rows, seen }));
};
/** The row of a run that ended so. */
const rowOf = async (execution: SweepExecution): Promise<BenchRun> => (await sweep(targetOf(() => execution))).rows[0]!;

describe('a sweep', () => {
  it('makes every run once, goes on where it was, and takes no run of a stage for one of this machine', async () => {
    const target = targetOf(({ world_size }) => {
      if (world_size === RUNS[1]!.world_size) throw new Error('the machine went down');
      return ended();
    });
    await expect(sweep(target)).rejects.toThrow('went down');
    const again = targetOf(() => ended());
    const { rows, seen } = await sweep(again);

    const [first, second] = RUNS.map(({ world_size }) => `w${world_size} SUCCEEDED`);
    expect(seen).toEqual([`1 ${first} kept`, `2 ${second}`]);
    expect(again.made).toEqual([RUNS[1]]);
    expect(rows.map(({ world_size }) => world_size)).toEqual(RUNS.map(({ world_size }) => world_size));
    expect(
      (
        await sweep(
          targetOf(() => ended()),
          { place: 'dev' },
        )
      ).seen,
    ).toEqual([`1 ${first}`, `2 ${second}`]);
  });

  it('that is stopped keeps no row of the run it was in, nor reads what that left', async () => {
    const stop = new AbortController();
    const target = targetOf(() => {
      stop.abort(new Error('Ctrl-C'));
      return ended({ figures: () => Promise.reject(new Error('was read')) });
    });

    await expect(sweep(target, { signal: stop.signal })).rejects.toThrow('Ctrl-C');
    expect(target.made).toHaveLength(1);
    expect(await readdir(path)).toEqual([]);
  });

  it('ends with its tables, its analysis and its page', async () => {
    const target = targetOf(() => ended());
    const { rows } = await sweep(target);
    const settings = { data: undefined, dataSets: false, count: 60, repeat: 1, seed: 1 };
    const about = { generatedAt: '2026-01-01T00:00:00.000Z', versions: { cosmicai: '0.1.0' } };
    await new BenchFolder(path).conclude(sweepReport(rows, target, settings, about), ({ runs }) =>
      Promise.resolve(`page of ${runs.length}`),
    );

    const text = (name: string) => readFile(join(path, name), 'utf8');
    expect(JSON.parse(await text('bench.json'))).toMatchObject({
      runs: rows,
      configuration: { target: 'local', data: 'simulated survey', galaxies: 60, repeat: 1, memory_mb: 3008 },
      warnings: [],
    });
    expect((await text('performance_table.csv')).trim().split('\n')).toHaveLength(3);
    expect(JSON.parse(await text('performance_analysis.json'))).toMatchObject({ runs: 2, succeeded: 2 });
    expect(await text('report.html')).toBe('page of 2');
  });

  it('says which data it was about', () => {
    const about = { generatedAt: '', versions: {} };
    const dataOf = (target: string, data: string | undefined, dataSets: boolean) =>
      sweepReport(
        [],
        { configuration: { target }, hasDataSets: target === 'aws' },
        { data, dataSets, count: 9, repeat: 1, seed: 1 },
        about,
      ).configuration;

    expect(dataOf('local', undefined, true)).toMatchObject({ data: 'simulated survey', galaxies: 9 });
    expect(dataOf('aws', undefined, false)).toMatchObject({ data: 'simulated survey', galaxies: 9 });
    expect(dataOf('aws', undefined, true)).toMatchObject({ data: 'data sets of the stage', galaxies: null });
    expect(dataOf('local', 'parts', false)).toMatchObject({ data: 'parts', galaxies: null });
  });
});

describe('the row of a run', () => {
  it('has the figures of what the run left', async () => {
    expect(await rowOf(ended())).toEqual({
      ...RUNS[0],
      start: 'warm',
      status: 'SUCCEEDED',
      samples: 60,
      duration_seconds: 3,
      slowest_rank_seconds: 2,
      memory_mb: 310,
      cost_usd: 0.002,
      throughput_rps: 20,
      throughput_bps: 1e6,
      run_id: 'r-1',
      error: null,
    });
  });

  it('is cold where a REPORT line tells of a start, and by the ranks themselves where lines are missing', async () => {
    const summary = (cold_starts: number) => ({ ...FIGURES.summary, ranks: { succeeded: 2, cold_starts } });
    const startOf = async (left: Partial<RunFigures>) => {
      const { start } = await rowOf(ended({ left }));
      await rm(join(path, 'runs'), { recursive: true });
      return start;
    };

    expect(await startOf({ reports: [report(), report(180)], summary: summary(0) })).toBe('cold');
    expect(await startOf({ reports: [report(), report()], summary: summary(2) })).toBe('warm');
    expect(await startOf({ reports: [report()], summary: summary(1) })).toBe('cold');
    expect(await startOf({ reports: [], summary: summary(0) })).toBe('warm');
  });

  it('of a run without a summary tells how the execution ended', async () => {
    const cause = 'x'.repeat(600);
    const row = await rowOf(ended({ status: 'FAILED', error: 'Runtime.OutOfMemory', cause, left: null }));

    expect(row).toMatchObject({ start: 'cold', status: 'OUT_OF_MEMORY', samples: null, cost_usd: null, run_id: null });
    expect(row.error).toBe(`Runtime.OutOfMemory: ${'x'.repeat(500)}`);
  });

  it.each([
    ['OUT_OF_MEMORY', 'States.ExceedToleratedFailureThreshold', 'Runtime.OutOfMemory'],
    ['TIMED_OUT', 'States.ExceedToleratedFailureThreshold', 'Sandbox.Timedout'],
    ['TIMED_OUT', 'States.Timeout', 'PartitionError'],
    ['FAILED', 'SomeRanksFailed', 'PartitionError'],
  ])('is %s after %s and a rank’s %s', async (status, error, rankError) => {
    const failed_ranks = [{ rank: 1, data_path: ['2.pt'], error: rankError, cause: '' }];
    const row = await rowOf(
      ended({ status: 'FAILED', error, left: { summary: { ...FIGURES.summary, failed_ranks }, cost: null } }),
    );

    expect(row).toMatchObject({ status, cost_usd: null, error: `${error}: ` });
  });
});
