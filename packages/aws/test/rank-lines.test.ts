import { rankFigures } from '../src/progress/rank-figures.ts';
import { watchRanks } from '../src/progress/rank-lines.ts';
import type { FunctionLogs, LogLine } from '../src/services/function-logs.ts';
import { counts } from './scripted-workflow.ts';

/** A log whose lines are found once the clock has come so far. */
class ScriptedLogs implements FunctionLogs {
  readonly asked: { readonly from: number; readonly pattern: string | undefined }[] = [];
  readonly #lines: readonly (LogLine & { readonly found: number })[];
  now = 0;

  constructor(lines: readonly (readonly [at: number, message: object | string, found?: number])[]) {
    this.#lines = lines.map(([at, message, found = at]) => ({
      at,
      functionName: 'infer',
      message:
        typeof message === 'string' ? message : `${JSON.stringify({ level: 'INFO', run_id: 'r1', ...message })}\n`,
      found,
    }));
  }

  async *lines({ from, pattern }: { readonly from: number; readonly pattern?: string }) {
    this.asked.push({ from, pattern });
    for (const line of this.#lines) if (line.at >= from && line.found <= this.now) yield line;
  }
}

const begins = (rank: number) => ({ message: 'rank begins', rank, partitions: ['1.pt'], cold_start: true });
const works = (rank: number, galaxies: number) => ({
  ...{ message: 'rank at work', rank, galaxies },
  ...{ opened_galaxies: 100, opened_bytes: 1000 },
});
const ends = (rank: number, samples: number) => ({
  message: 'rank ends',
  rank,
  samples,
  status: 'succeeded',
  fmi: null,
});
const query = { functionName: 'infer', runId: 'r1', from: 0 };

describe('watching the ranks of a run in the log', () => {
  it('tells every line once, late ones and those of one moment too, and nothing else', async () => {
    const logs = new ScriptedLogs([
      [0, begins(0)],
      [0, begins(1)],
      [100, 'START RequestId: 1'],
      [200, { message: 'something else', rank: 7 }],
      [9000, works(1, 20), 20_000],
      [10_000, works(0, 30)],
      [20_000, works(0, 60)],
      [20_000, ends(0, 61)],
    ]);
    const told: string[] = [];
    const over = new AbortController();
    const clock = {
      now: () => logs.now,
      sleep: async (milliseconds: number) => {
        logs.now += milliseconds;
        if (logs.now > 60_000) over.abort(new Error('over'));
      },
    };
    const watching = watchRanks({ ...query, logs, clock, signal: over.signal }, (line) =>
      told.push(`${line.message} ${line.rank}`),
    );
    await expect(watching).rejects.toThrow('over');
    expect(told).toEqual([
      ...['rank begins 0', 'rank begins 1', 'rank at work 0', 'rank at work 1', 'rank at work 0', 'rank ends 0'],
    ]);
    expect(logs.asked[0]).toEqual({ from: 0, pattern: '"r1"' });
    // What was read long ago is not asked for again.
    expect(logs.asked.at(-1)!.from).toBe(5000);
  });
});

describe('how far ranks on AWS are', () => {
  it('is known by what they logged and by the counts of the Map', async () => {
    const logs = new ScriptedLogs([
      [0, begins(0)],
      [0, begins(1)],
      [10_000, works(0, 30)],
      [10_000, works(1, 10)],
      [20_000, works(0, 80)],
      [24_000, ends(0, 100)],
    ]);
    logs.now = 50_000;
    const figures = await rankFigures({ ...query, logs }, counts({ total: 3, succeeded: 1, pending: 1 }), 3000, 50_000);
    expect(figures).toMatchObject({
      galaxies: 110,
      galaxies_total: 300,
      total_exact: false,
      ranks: { total: 3, at_work: 1, done: 1, failed: 0 },
      silent: [{ rank: 1, seconds: 40, galaxies: 10, pid: null }],
    });
    expect(figures.galaxies_per_second).toBeCloseTo(20 / 30);
  });

  it('is known by the counts alone where nothing was logged', async () => {
    const logs = new ScriptedLogs([]);
    const figures = await rankFigures({ ...query, logs }, counts({ total: 3, failed: 1, aborted: 1 }), undefined, 0);
    expect(figures).toMatchObject({ galaxies: null, ranks: { total: 3, at_work: 1, done: 0, failed: 2 } });
  });
});
