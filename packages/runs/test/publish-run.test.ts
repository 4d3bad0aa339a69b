import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { MOST_RANKS_PUBLISHED, runLayout } from '@cosmicai/payload';
import { fileStore, listAll, type ObjectStore } from '@cosmicai/store';
import { acquireLease, publishRun, PublishingError, readLease } from '../src/index.ts';
import { rankResult } from './support.ts';

const { published } = runLayout('out', 'any');
let folder: string;
let store: ObjectStore;
let now: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-publish-'));
  store = fileStore(folder);
  now = Date.parse('2026-03-04T05:06:07Z');
});
afterEach(() => rm(folder, { recursive: true }));

const clock = {
  now: () => new Date(now),
  // Time passes by a little for each that waits, and the others get their turn.
  sleep: async (milliseconds: number) => {
    now += milliseconds / 10;
    await setImmediate();
  },
};

const publicationOf = (runId: string, ranks: number) => ({
  place: { runId, resultPath: 'out' },
  ranks: Array.from({ length: ranks }, (_, rank) => ({
    rank,
    text: JSON.stringify(rankResult(rank, { run_id: runId })),
  })),
  combined: () => Promise.resolve(JSON.stringify({ run_id: runId })),
  summary: JSON.stringify({ run_id: runId }),
});

const publish = (runId: string, ranks: number, into = store) => publishRun(into, publicationOf(runId, ranks), clock);
const runOf = async (key: string) => (JSON.parse((await store.get(key)).toString()) as { run_id: string }).run_id;
const keys = async () => (await listAll(store, 'out/')).objects.map(({ key }) => key);

describe('publishRun', () => {
  it('leaves files of one run when a smaller run follows a larger one, and what is not of runs', async () => {
    await store.put('out/7.json', JSON.stringify(rankResult(7, { run_id: null })));
    await store.put('out/8.json', 'a note');
    await store.put('out/notes.txt', 'a note');
    await publish('larger', 4);
    await publish('smaller', 2);

    expect(await keys()).toEqual([
      ...['out/0.json', 'out/1.json', 'out/7.json', 'out/8.json'],
      ...['out/combined_data.json', 'out/notes.txt', 'out/summary.json'],
    ]);
    for (const key of ['out/0.json', 'out/1.json', 'out/combined_data.json', 'out/summary.json'])
      expect(await runOf(key)).toBe('smaller');
  });

  it('leaves one whole run of eight at once', async () => {
    const runs = Array.from({ length: 8 }, (_, run) => `run-${run}`);
    await Promise.all(runs.map((runId, run) => publish(runId, 3 + run)));

    const last = await runOf('out/summary.json');
    const ranks = 3 + runs.indexOf(last);
    expect(await keys()).toHaveLength(ranks + 2);
    for (const key of await keys()) expect(await runOf(key)).toBe(last);
  });

  it('writes the summary last, and is under a lease from its first to its last write', async () => {
    const writes: string[] = [];
    const watched: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      put: async (key: string, body: string) => {
        writes.push(key);
        expect(await readLease(store, published.lease)).toMatchObject({ run_id: 'run' });
        return await store.put(key, body);
      },
      putIfAbsent: (key: string, body: string) => store.putIfAbsent(key, body),
      list: (prefix: string) => store.list(prefix),
      get: (key: string) => store.get(key),
      head: (key: string) => store.head(key),
      delete: (key: string) => store.delete(key),
    });
    await publish('run', 3, watched);

    expect(writes.slice(-2)).toEqual(['out/combined_data.json', 'out/summary.json']);
    expect(await readLease(store, published.lease)).toBeUndefined();
  });

  it('publishes no ranks one by one where they are very many', async () => {
    await publish('small', 2);
    await publish('large', MOST_RANKS_PUBLISHED + 1);

    expect(await keys()).toEqual(['out/combined_data.json', 'out/summary.json']);
  });

  it('takes over from a run that was killed while it published, and not from one that is at work', async () => {
    const lease = await acquireLease(store, published.lease, 'slow', clock);
    const follower = publish('follower', 1);
    for (let turn = 0; turn < 5; turn++) await setImmediate();
    expect(await store.head('out/summary.json')).toBeUndefined();
    now += 61_000;
    await follower;

    expect(await runOf('out/summary.json')).toBe('follower');
    expect(await lease.stillHeld()).toBe(false);
    await lease.release();
  });

  it('begins again when the lease was lost on the way', async () => {
    let stolen = false;
    const slow: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      put: async (key: string, body: string) => {
        const written = await store.put(key, body);
        if (key !== published.combined || stolen) return written;
        stolen = true;
        now += 61_000;
        await publish('other', 2);
        return written;
      },
      putIfAbsent: (key: string, body: string) => store.putIfAbsent(key, body),
      putIfMatch: (key: string, body: string, etag: string) => store.putIfMatch(key, body, etag),
      list: (prefix: string) => store.list(prefix),
      get: (key: string) => store.get(key),
      head: (key: string) => store.head(key),
      delete: (key: string) => store.delete(key),
    });
    await publish('slow', 3, slow);

    for (const key of await keys()) expect(await runOf(key)).toBe('slow');
    expect(await keys()).toHaveLength(5);
  });

  it('renews its lease while it works', async () => {
    const lease = await acquireLease(store, published.lease, 'run', clock);
    now += 50_000;
    expect(await lease.stillHeld()).toBe(true);
    now += 50_000;
    expect(await lease.stillHeld()).toBe(true);
    await lease.release();
    expect(await store.head(published.lease)).toBeUndefined();
  });

  const leaseUntil = (end: string) =>
    store.put(published.lease, JSON.stringify({ run_id: 'stuck', since: '2026-03-04T05:00:00Z', expires_at: end }));

  it('takes over from a run that was killed while it published by a clock that was ahead', async () => {
    await leaseUntil('2027-03-04T05:00:00Z');
    let waited = 0;
    const watching = {
      ...clock,
      sleep: async (milliseconds: number) => {
        waited += milliseconds;
        await clock.sleep(milliseconds);
      },
    };
    await publishRun(store, publicationOf('follower', 1), watching);

    expect(await runOf('out/summary.json')).toBe('follower');
    // No sooner than a run at work would have renewed it.
    expect(waited).toBeGreaterThan(60_000);
    expect(waited).toBeLessThan(65_000);
  });

  it('names the run that does not come to an end', async () => {
    let end = Date.parse('2026-03-05T05:00:00Z');
    const renewing = {
      ...clock,
      sleep: async (milliseconds: number) => {
        now += milliseconds;
        await leaseUntil(new Date(end++).toISOString());
      },
    };
    await leaseUntil('2026-03-05T04:00:00Z');
    const failed = await publishRun(store, publicationOf('run', 1), renewing).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(PublishingError);
    expect(String(failed)).toMatch(/Run stuck has been publishing at .* since 2026-03-04T05:00:00Z/);
  });
});
