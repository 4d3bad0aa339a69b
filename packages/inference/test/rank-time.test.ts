import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotFoundError } from '@cosmicai/store';
import { RankTooLongError, runRank } from '../src/index.ts';
import { forecast, inWords, whatWouldDo } from '../src/limits/forecast.ts';
import { attempt, rankOf, storesWith, stubModel } from './support/timed-rank.ts';

const MINUTE = 60_000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-rank-time-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the forecast of a rank', () => {
  // Of 100 ms, 5 are kept for writing; a later attempt predicts for 80.
  const standing = { left: 95, rate: 1, timeLeft: 100, attemptTime: 100, attemptsAfter: 1 };

  it.each([
    ['ends just in time', {}, { attempts: 1, load: 95 / 175 }],
    ['takes one more attempt', { left: 96 }, { attempts: 2, load: 96 / 175 }],
    ['fills both', { left: 175 }, { attempts: 2, load: 1 }],
    ['needs a third', { left: 176 }, { attempts: 3, load: 176 / 175 }],
    ['is late in its last attempt', { timeLeft: 50, attemptsAfter: 0 }, { attempts: 2, load: 95 / 45 }],
    ['has nothing left to do', { left: 0, timeLeft: 0 }, { attempts: 1, load: 0 }],
    ['has no time', { timeLeft: 0, attemptsAfter: 0 }, { attempts: 3, load: Infinity }],
  ])('%s', (_, changes, expected) => {
    expect(forecast({ ...standing, ...changes })).toEqual(expected);
  });
});

describe('what would let a rank end in time', () => {
  it.each([
    [{ worldSize: 195, files: 2 }, 22, '--world-size 390'],
    [{ worldSize: 10, files: 4 }, 22, '--world-size 20'],
    // 13 of 15 minutes are more than it should be planned to take.
    [{ worldSize: 10, files: 4 }, 13, '--world-size 14'],
    [{ worldSize: 10, files: 1 }, 22, 'smaller partitions (it has one; cosmicai split writes such)'],
    [
      { worldSize: 10, files: 2 },
      30,
      'smaller partitions (one of its files alone takes too long; cosmicai split writes such)',
    ],
  ])('%p, %d min of 15: %s', (share, minutes, expected) => {
    expect(whatWouldDo(share, minutes * MINUTE, 15 * MINUTE)).toBe(expected);
  });

  it.each([
    [4400, '4 s'],
    [119_499, '119 s'],
    [119_500, '2 min'],
    [22.4 * MINUTE, '22 min'],
  ])('%d ms are %s', (milliseconds, text) => {
    expect(inWords(milliseconds)).toBe(text);
  });
});

/** Runs a rank that must fail; how, and when. */
async function failing(running: Promise<unknown>): Promise<Error> {
  return await running.then(
    () => {
      throw new Error('It succeeded.');
    },
    (error: unknown) => error as Error,
  );
}

describe('a rank', () => {
  it('that has too little time fails within the first tenth of it, and says what would work', async () => {
    const clock = { now: 0 };
    const { model } = stubModel(clock, 10_000);
    const task = await rankOf(folder, [66, 66], { BATCH_SIZE: 1 });
    // 1,320 s of 300.
    const environment = attempt(clock, model, { timeMs: 5 * MINUTE, renewed: false });

    const error = await failing(runRank(task, environment));

    expect(error).toBeInstanceOf(RankTooLongError);
    expect(error.name).toBe('RankTooLongError');
    expect(error.message).toBe(
      'rank 3 needs about 22 min and has 5 min: smaller partitions (one of its files alone takes too long; cosmicai split writes such) would do.',
    );
    expect(clock.now).toBeLessThanOrEqual(0.1 * 5 * MINUTE);
    expect(await readdir(folder)).toEqual(['data']);
  });

  it.each([
    // Far too much is seen at the first look, a little too much when it is judged.
    [5600, 0.034],
    [2640, 0.06],
  ])('names the number of ranks that would do, at %d ms a galaxy after %d of its time', async (pace, when) => {
    const clock = { now: 0 };
    const { model } = stubModel(clock, pace);
    const task = await rankOf(
      folder,
      Array.from({ length: 10 }, () => 12),
      { BATCH_SIZE: 4 },
    );

    const error = await failing(runRank(task, attempt(clock, model, { timeMs: 300_000, renewed: false })));

    const needed = 120 * pace;
    expect(error.message).toContain(`needs about ${inWords(needed)} and has 5 min: --world-size `);
    const ranks = Number(/--world-size (\d+)/.exec(error.message)?.[1]);
    // That many ranks have so few files that each ends within four fifths of an attempt.
    expect(Math.ceil((195 * 10) / ranks) * 12 * pace).toBeLessThanOrEqual(0.8 * 300_000);
    expect(clock.now / 300_000).toBeLessThan(when + (8 * pace) / 300_000);
  });

  it('that has enough goes on without a word', async () => {
    const clock = { now: 0 };
    const { model } = stubModel(clock, 4000);
    const task = await rankOf(folder, [25, 25], { BATCH_SIZE: 2 });
    const environment = attempt(clock, model, { timeMs: 300_000, renewed: false });

    await expect(runRank(task, environment)).resolves.toMatchObject({ status: 'succeeded', samples: 50 });
    expect(environment.warnings).toEqual([]);
  });

  it('estimates from their sizes what the files hold that it hasn’t opened, or else by their number', async () => {
    const clock = { now: 0 };
    const { model } = stubModel(clock, 10_000);
    const task = await rankOf(folder, [6, 50], { BATCH_SIZE: 1 });
    const limit = { timeMs: 300_000, renewed: false };

    // By sizes 560 s, by number 120.
    expect((await failing(runRank(task, attempt(clock, model, limit)))).message).toContain('needs about 9 min');
    clock.now = 0;
    const blind = await failing(runRank({ ...task, DATA_OBJECTS: undefined }, attempt(clock, model, limit)));
    // It learns that in the second file, too late for the first tenth.
    expect(blind).toBeInstanceOf(RankTooLongError);
    expect(clock.now).toBeGreaterThan(0.1 * 300_000);
  });

  it('doesn’t wait for a store that doesn’t answer until it is killed', async () => {
    const clock = { now: 0 };
    const { model } = stubModel(clock, 1);
    const task = await rankOf(folder, [64]);
    const timers: { at: number; act: () => void }[] = [];
    const timeLimit = {
      left: () => 100_000 - clock.now,
      renewed: true,
      after: (milliseconds: number, act: () => void) => {
        timers.push({ at: milliseconds, act });
        return () => undefined;
      },
    };
    const hanging = storesWith(() => ({
      getRange: (_key, _from, _to, { signal } = {}) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error));
          // The clock stands where the timer fires.
          clock.now = 95_000;
          setImmediate(() => timers[0]?.act());
        }),
    }));

    const error = await failing(runRank(task, { ...attempt(clock, model), timeLimit, openStore: hanging }));

    expect(timers[0]?.at).toBe(95_000);
    expect(error).toBeInstanceOf(RankTooLongError);
    expect(error.message).toBe('rank 3 predicted nothing in 100 s: look at its log, and at the store.');
  });

  it('tells the others that it won’t come when it can’t be done', async () => {
    const clock = { now: 0 };
    const { model } = stubModel(clock, 10_000);
    const task = await rankOf(folder, [66], { BATCH_SIZE: 1, FMI_ENABLED: true, RENDEZVOUS_ENDPOINT: '127.0.0.1:9' });
    const asked: string[] = [];
    const watching = storesWith((store) => ({
      get: (key) => {
        asked.push(key);
        return Promise.reject(new NotFoundError(store.url, key));
      },
    }));

    const limit = { timeMs: 300_000, renewed: false, openStore: watching };
    await expect(runRank(task, attempt(clock, model, limit))).rejects.toThrow(RankTooLongError);

    // The key that it would meet them with.
    expect(asked).toContain('out/runs/run/rendezvous-key');
  });
});
