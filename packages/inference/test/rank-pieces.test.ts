import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentError, parseJsonAs, rankResultSchema, type RankTask } from '@cosmicai/payload';
import { fileStore, StoreError, type ObjectStore } from '@cosmicai/store';
import {
  MOST_ATTEMPTS,
  RankTooLongError,
  RankUnfinishedError,
  runRank,
  type LeasedModel,
  type Predictor,
} from '../src/index.ts';
import { decodePiece, encodePiece, type Piece } from '../src/pieces/piece-file.ts';
import { attempt, PASS, rankOf, storesWith, stubModel } from './support/timed-rank.ts';

const RUN = 'out/runs/run';
/** A piece for each batch: a galaxy takes a second. */
const EACH_BATCH = { keptFromMs: 0, everyMs: PASS * 1000 };

let folder: string;
let store: ObjectStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-pieces-'));
  store = fileStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

const isPiece = (key: string) => key.startsWith(`${RUN}/pieces/`);

async function piecesLeft(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(`${RUN}/pieces/`)) keys.push(key);
  return keys;
}

const resultOf = async () => parseJsonAs(rankResultSchema, (await store.get(`${RUN}/3.json`)).toString(), 'a result');

/** Bytes of all that a rank writes besides its result. */
async function written(): Promise<Buffer[]> {
  return await Promise.all(
    ['predictions/3.parquet', 'hashes/3.u64', 'reductions/3.bin'].map((name) => store.get(`${RUN}/${name}`)),
  );
}

/** What an attempt writes that nothing disturbs; nothing of it is left. */
async function undisturbed(task: RankTask): Promise<Buffer[]> {
  const clock = { now: 0 };
  await runRank(task, attempt(clock, stubModel(clock, 1).model));
  const files = await written();
  await store.deletePrefix(`${RUN}/`);
  return files;
}

/** The model, until it has predicted so many galaxies; then its process is gone. */
function dyingAfter(model: LeasedModel, galaxies: number): LeasedModel {
  let left = galaxies;
  const predict: Predictor['predict'] = (samples, ...more) => {
    left -= samples.count;
    return left < 0
      ? Promise.reject(new EnvironmentError('An inference worker stopped.'))
      : model.predictor.predict(samples, ...more);
  };
  return { ...model, predictor: { ...model.predictor, predict } };
}

/** Runs an attempt that dies after so many galaxies, with a piece for each batch. */
async function die(task: RankTask, galaxies: number): Promise<void> {
  const clock = { now: 0 };
  const model = dyingAfter(stubModel(clock, 1000).model, galaxies);
  const environment = attempt(clock, model, { pace: EACH_BATCH });
  await expect(runRank(task, environment)).rejects.toThrow(EnvironmentError);
  expect(environment.warnings).toEqual([]);
}

/** Runs an attempt to its end; the galaxies that it predicted itself. */
async function end(task: RankTask, sha256?: string): Promise<number> {
  const clock = { now: 0 };
  const { model, predicted } = stubModel(clock, 1000, sha256);
  await runRank(task, attempt(clock, model, { pace: EACH_BATCH }));
  return predicted.galaxies;
}

describe('a rank that is tried again', () => {
  it('recomputes two pieces at most, and writes what it would have written at once', async () => {
    // 20 pieces, over two partitions of which neither ends with one.
    const task = await rankOf(folder, [10 * PASS + 5, 9 * PASS + 27]);
    const expected = await undisturbed(task);
    await die(task, 18 * PASS);
    expect((await piecesLeft()).length).toBeGreaterThanOrEqual(16);

    const predicted = await end(task);

    expect(predicted).toBeLessThanOrEqual((2 + 2) * PASS);
    expect(predicted).toBeGreaterThanOrEqual(2 * PASS);
    expect(await written()).toEqual(expected);
    expect(await piecesLeft()).toEqual([]);
    expect(await resultOf()).toMatchObject({ samples: 20 * PASS, partitions: [{ samples: 325 }, { samples: 315 }] });
  });

  it('counts the time of what was kept to its own, so that its rate is true', async () => {
    const task = await rankOf(folder, [10 * PASS]);
    await die(task, 8 * PASS);
    await end(task);

    const { samples, sample_persec: rate, timing } = await resultOf();
    expect(samples).toBe(320);
    // A galaxy takes a second, whatever was lost.
    expect(rate).toBeCloseTo(1, 1);
    expect(timing.total).toBeGreaterThanOrEqual(timing.inference);
  });

  it('leaves off before its time ends, goes on in another attempt, and says so', async () => {
    const clock = { now: 0 };
    const { model, predicted } = stubModel(clock, 1000);
    const task = await rankOf(folder, [12 * PASS], { BATCH_SIZE: 4 });
    const expected = await undisturbed(task);
    const limited = () => attempt(clock, model, { timeMs: 250_000 });

    // 384 s of 250: the first look is at 5 s, the last at 12.5.
    const first = limited();
    await expect(runRank(task, first)).rejects.toThrow(RankUnfinishedError);
    expect(clock.now).toBeLessThanOrEqual(250_000);
    expect(first.warnings).toEqual([
      'It needs 2 attempts of 4 min, as it takes about 6 min: smaller partitions (it has one; cosmicai split writes such) would do with one.',
    ]);
    const before = predicted.galaxies;
    expect(before).toBeGreaterThanOrEqual(7 * PASS);

    const begun = clock.now;
    await runRank(task, limited());

    // What the attempt before had begun and not handed over is lost: 64 galaxies, as many as the worker is kept busy with.
    expect(predicted.galaxies).toBeLessThanOrEqual(12 * PASS + 64);
    expect(clock.now - begun).toBeLessThan(250_000);
    expect(await written()).toEqual(expected);
    expect(await piecesLeft()).toEqual([]);
    expect((await resultOf()).warnings?.at(-1)).toMatch(/^It needs 2 attempts of 4 min, as it takes about \d+ min: /);
  });

  it('fails for good, early, when what is left doesn’t fit the attempts that are left', async () => {
    const clock = { now: 0 };
    const task = await rankOf(folder, [30 * PASS], { BATCH_SIZE: 4 });
    // A second a galaxy: 960 s, three attempts of 400 and then one more would do.
    const limited = (model: LeasedModel) => attempt(clock, model, { timeMs: 400_000 });
    const leftOff = [0, 1, 2].map((number): Piece => ({
      made_by: 'another model',
      left_off: true,
      spent_ms: 0,
      segments: [{ place: number, size: 1, etag: 'e', from: 0, answers: new Float32Array(0) }],
    }));
    for (const [number, piece] of leftOff.entries()) await store.put(`${RUN}/pieces/3/${number}`, encodePiece(piece));
    // Those of another model don't count.
    await expect(runRank(task, limited(stubModel(clock, 1000).model))).rejects.toThrow(RankUnfinishedError);
    const left = await piecesLeft();
    const last = decodePiece(await store.get(`${RUN}/pieces/3/${left.length - 1}`))!;
    expect(last.left_off).toBe(true);
    for (let more = 0; more < MOST_ATTEMPTS - 2; more++)
      await store.put(`${RUN}/pieces/3/${left.length + more}`, encodePiece({ ...last, segments: [] }));

    const begun = clock.now;
    const failing = runRank(task, limited(stubModel(clock, 1000).model));

    await expect(failing).rejects.toThrow(RankTooLongError);
    await expect(failing).rejects.toThrow(/^rank 3 needs about 16 min and has 7 min: /);
    expect(clock.now - begun).toBeLessThanOrEqual(40_000);
  });

  it('is not tried again where the next attempt has no time of its own', async () => {
    const clock = { now: 0 };
    const task = await rankOf(folder, [12 * PASS], { BATCH_SIZE: 4 });
    const limited = attempt(clock, stubModel(clock, 1000).model, { timeMs: 250_000, renewed: false });
    await expect(runRank(task, limited)).rejects.toThrow(RankTooLongError);
    expect(clock.now).toBeLessThanOrEqual(25_000);
  });
});

describe('pieces', () => {
  it.each<[string, (task: RankTask) => Promise<{ task?: RankTask; sha256?: string } | undefined>]>([
    ['another model', () => Promise.resolve({ sha256: 'b'.repeat(64) })],
    ['another batch size', (task) => Promise.resolve({ task: { ...task, BATCH_SIZE: 16 } })],
    [
      'a partition that was written again',
      async (task) => {
        const key = task.DATA_PATH[0]!;
        await store.put(key, await store.get(key));
        const { size, etag } = (await store.head(key))!;
        return { task: { ...task, DATA_OBJECTS: [{ size, etag }] } };
      },
    ],
    [
      'a bit that fell over',
      () => changeAll((bytes) => bytes.writeUInt8(bytes.readUInt8(bytes.length - 40) ^ 1, bytes.length - 40)),
    ],
    ['a header that was cut', () => changeAll((bytes) => bytes.subarray(0, 20))],
    ['nothing in them', () => changeAll(() => Buffer.alloc(0))],
    [
      'a later version',
      () =>
        changeAll((bytes) =>
          Buffer.from(bytes.toString('latin1').replace('"piece_format":1', '"piece_format":2'), 'latin1'),
        ),
    ],
  ])('of %s count for nothing', async (_, change) => {
    const task = await rankOf(folder, [6 * PASS]);
    await die(task, 5 * PASS);
    expect((await piecesLeft()).length).toBeGreaterThanOrEqual(3);

    const { task: now = task, sha256 } = (await change(task)) ?? {};

    expect(await end(now, sha256)).toBe(6 * PASS);
    const files = await written();
    expect(await piecesLeft()).toEqual([]);
    await store.deletePrefix(`${RUN}/`);
    expect(files).toEqual(await undisturbed(now));
  });

  async function changeAll(change: (bytes: Buffer) => Buffer | number): Promise<undefined> {
    for (const key of await piecesLeft()) {
      const bytes = await store.get(key);
      const changed = change(bytes);
      await store.put(key, typeof changed === 'number' ? bytes : changed);
    }
  }

  it('that are whole count beside one that isn’t', async () => {
    const task = await rankOf(folder, [8 * PASS]);
    await die(task, 8 * PASS - 1);
    await store.put(`${RUN}/pieces/3/2`, 'not a piece');

    const predicted = await end(task);

    expect(predicted).toBeLessThan(5 * PASS);
    expect(predicted).toBeGreaterThanOrEqual(2 * PASS);
  });

  it('of an attempt that was believed dead add to those of the next, and replace none', async () => {
    const task = await rankOf(folder, [8 * PASS]);
    const expected = await undisturbed(task);
    const clock = { now: 0 };
    let wake = (): void => undefined;
    const asleep = new Promise<void>((resolve) => (wake = resolve));
    const { model } = stubModel(clock, 1000);
    let batches = 0;
    const sleepy: LeasedModel = {
      ...model,
      predictor: {
        ...model.predictor,
        predict: async (...given) => {
          if (++batches === 5) await asleep;
          return await model.predictor.predict(...given);
        },
      },
    };
    const dead = runRank(task, attempt(clock, sleepy, { pace: EACH_BATCH }));
    while ((await piecesLeft()).length === 0) await new Promise(setImmediate);
    const early = await Promise.all((await piecesLeft()).map((key) => store.get(key)));

    const otherClock = { now: 0 };
    const other = stubModel(otherClock, 1000);
    const second = dyingAfter(other.model, 5 * PASS);
    await expect(runRank(task, attempt(otherClock, second, { pace: EACH_BATCH }))).rejects.toThrow(EnvironmentError);
    wake();
    await dead;
    expect(early.length).toBeGreaterThan(0);
    expect(await written()).toEqual(expected);
    expect(await piecesLeft()).toEqual([]);

    // One that is done already: what comes late changes nothing, and goes too.
    await end(task);
    expect(await written()).toEqual(expected);
  });

  it('are not kept of a rank that is soon over, nor for a task of somebody else’s initializer', async () => {
    const put: string[] = [];
    const openStore = storesWith((inner) => ({
      putIfAbsent: (key, body) => {
        if (isPiece(key)) put.push(key);
        return inner.putIfAbsent(key, body);
      },
    }));
    const run = async (task: RankTask, msPerGalaxy: number) => {
      const clock = { now: 0 };
      await runRank(task, attempt(clock, stubModel(clock, msPerGalaxy).model, { openStore }));
      return put.splice(0).length;
    };
    const task = await rankOf(folder, [8 * PASS]);

    // 51 s; then 102: at most one in 30.
    expect(await run(task, 200)).toBe(0);
    expect([1, 2, 3]).toContain(await run(task, 400));
    expect(await run({ ...task, RUN_ID: undefined }, 400)).toBe(0);
  });

  it('that can’t be read, kept or removed are worth a warning, and no failure', async () => {
    const down = () => Promise.reject(new StoreError(store.url, 'Slow down.'));
    const task = await rankOf(folder, [4 * PASS]);
    const clock = { now: 0 };
    const environment = attempt(clock, stubModel(clock, 1000).model, {
      openStore: storesWith((inner) => ({
        get: down,
        putIfAbsent: (key, body) => (isPiece(key) ? down() : inner.putIfAbsent(key, body)),
        deletePrefix: down,
      })),
      pace: EACH_BATCH,
    });

    await expect(runRank(task, environment)).resolves.toMatchObject({ status: 'succeeded' });

    expect(new Set(environment.warnings)).toEqual(
      new Set(['read', 'kept', 'removed'].map((what) => `Pieces of its predictions can't be ${what}: Slow down.`)),
    );
  });

  it('are read back as they were written', () => {
    const answers = Float32Array.of(0.1, NaN, -0, 3.4e38);
    const segments = [
      { place: 0, size: 5, etag: 'é', from: 7, answers },
      { place: 2, size: 2 ** 40, etag: 'x', from: 0, answers: new Float32Array(0) },
    ];
    const piece: Piece = { made_by: 'm', left_off: true, spent_ms: 1.5, segments };
    expect(decodePiece(Buffer.from(encodePiece(piece)))).toMatchObject(piece);
  });
});
