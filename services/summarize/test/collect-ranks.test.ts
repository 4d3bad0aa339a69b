import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePredictions, type PartitionPredictions } from '@cosmicai/inference';
import { decodeReduction, encodeReduction, Reduction, seededRandom } from '@cosmicai/metrics';
import { rankTaskSchema, runSummarySchema, type RankResult } from '@cosmicai/payload';
import { fileStore, hashObject, sha256Of, type ObjectStore } from '@cosmicai/store';
import { rankResult } from '../../../test/rank-results.ts';
import { collectRanks } from '../src/collect-ranks.ts';
import { summarize } from '../src/summarize.ts';
import { givenPlan, layout, reference, RUN_ID, task } from './given-plan.ts';

const RANKS = 3;
const GALAXIES = 30;

let folder: string;
let store: ObjectStore;
let asked: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-collect-'));
  const files = fileStore(folder);
  asked = [];
  store = new Proxy(files, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (key: string, ...rest: never[]) => {
        asked.push(`${String(name)} ${key}`);
        return (value as (...args: unknown[]) => unknown).call(target, key, ...rest);
      };
    },
  });
  await givenPlan(files, RANKS);
});
afterEach(() => rm(folder, { recursive: true }));

function predictionsOf(rank: number): PartitionPredictions {
  const random = seededRandom(rank + 1);
  const zSpec = Float64Array.from({ length: GALAXIES }, () => random());
  const zPred = Float32Array.from(zSpec, (z) => z + 0.1 * (random() - 0.5));
  const flags = Uint16Array.from(zSpec, (_, at) => (at % 7 === 0 ? 8 : 0));
  const batch = { from: 0, count: GALAXIES, magnitudes: new Float64Array(5 * GALAXIES), zSpec, zPred, flags };
  return { partition: `${rank + 1}.pt`, batches: [batch] };
}

async function written(key: string, bytes: Uint8Array) {
  const { size, etag } = await store.put(key, bytes);
  return { key, size, etag, sha256: sha256Of(bytes) };
}

/** A rank as this version leaves it, or as one without reductions did. */
async function givenRank(rank: number, isReduced = true): Promise<RankResult> {
  const predictions = predictionsOf(rank);
  const bytes = encodePredictions(rank, [predictions]);
  const reduction = new Reduction();
  for (const batch of predictions.batches) reduction.addAll({ ...batch, rank, partition: predictions.partition });
  const { head, tail } = encodeReduction(reduction.kept());
  const file = await written(layout.rankReduction(rank), Buffer.concat([head, ...tail]));
  const result = rankResult(rank, {
    run_id: RUN_ID,
    world_size: RANKS,
    samples: GALAXIES,
    partitions: [{ key: `${rank + 1}.pt`, size: 100, samples: GALAXIES }],
    predictions_key: layout.rankPredictions(rank),
    predictions_file: { ...(await written(layout.rankPredictions(rank), bytes)), rows: GALAXIES },
    ...(isReduced && { reduction_file: { ...file, head: { size: head.length, sha256: sha256Of(head) } } }),
  });
  await store.put(layout.rankResult(rank), JSON.stringify(result));
  return result;
}

const ranks = [...Array(RANKS).keys()];

async function summaryOf() {
  const run = { openStore: () => store, now: () => new Date('2026-03-04T05:06:17Z'), sleep: async () => undefined };
  const answer = await summarize({ run: reference }, { ...run, region: undefined });
  const { store_requests: _, ...summary } = runSummarySchema.parse(
    JSON.parse((await store.get(layout.summary)).toString()),
  );
  return { answer, summary };
}

async function collected(exactUpTo: number) {
  const reduction = new Reduction({ exactUpTo });
  const tasks = ranks.map((rank) => rankTaskSchema.parse(task(rank, RANKS)));
  const left = [];
  asked = [];
  for await (const rank of collectRanks(store, tasks, reduction)) left.push(rank);
  return { reduction, left };
}

describe('summarizing reduced ranks', () => {
  it('gives what their predictions give, and reads none of these', async () => {
    for (const rank of ranks) await givenRank(rank, false);
    const before = await summaryOf();
    const combined = await store.get(layout.reduction);
    for (const rank of ranks) await givenRank(rank);
    asked = [];
    const { answer, summary } = await summaryOf();

    expect(summary).toEqual(before.summary);
    expect(answer).toMatchObject({ status: 'SUCCEEDED' });
    expect(summary.prediction_scores).toMatchObject({ count: RANKS * GALAXIES, precision_error: 0 });
    // Ranks are read side by side.
    expect(asked.filter((call) => call.includes('predictions/')).sort()).toEqual(
      ranks.map((rank) => `head ${layout.rankPredictions(rank)}`),
    );
    expect(await store.get(layout.reduction)).toEqual(combined);
  });

  it('takes ranks of an earlier version along, and lets the run be drawn by what it leaves', async () => {
    for (const rank of ranks) await givenRank(rank, rank !== 1);
    await summaryOf();

    const kept = decodeReduction(await store.get(layout.reduction), undefined, 'reduction.bin');
    expect(kept.ledger.galaxies).toBe(RANKS * GALAXIES);
    expect(new Set(kept.worst.map(({ partition }) => partition)).size).toBeGreaterThan(1);
  });

  it('writes combined data as one list, the text that they would be as a whole', async () => {
    const results = [];
    for (const rank of ranks) results.push(await givenRank(rank));
    await summaryOf();

    const text = (await store.get(layout.combined)).toString();
    expect(text).toBe(`${JSON.stringify(results, null, 1)}\n`);
    expect((await store.get(layout.published.combined)).toString()).toBe(text);
  });

  it('reads residuals as long as all of them can be kept, and then the heads alone', async () => {
    for (const rank of ranks) await givenRank(rank);
    const exact = await collected(1000);
    expect(asked.filter((call) => call.startsWith('get ') && call.includes('reductions/'))).toHaveLength(RANKS);
    const sketched = await collected(0);
    expect(asked.filter((call) => call.startsWith('get ') && call.includes('reductions/'))).toEqual([]);

    const [one, other] = [exact, sketched].map(({ reduction }) => reduction.scores().prediction_scores);
    expect(other!.precision_error).toBeGreaterThan(0);
    expect(Math.abs(one!.precision! - other!.precision!)).toBeLessThanOrEqual(other!.precision_error!);
    expect({ ...other, precision: 0, precision_error: 0 }).toEqual({ ...one, precision: 0, precision_error: 0 });
  });

  it('reads a large file of residuals when its turn comes', async () => {
    const result = await givenRank(1);
    const large = { ...result.reduction_file!, size: 2 ** 20 + 1 };
    await store.put(layout.rankResult(1), JSON.stringify({ ...result, reduction_file: large }));
    const { reduction } = await collected(1000);

    const calls = asked.filter((call) => call.includes('reductions/'));
    expect(calls.map((call) => call.split(' ')[0])).toEqual(['getRange', 'get']);
    expect(reduction.areExact).toBe(true);
  });

  it.each<[string, RegExp, (key: string) => Promise<unknown>]>([
    ['gone', /1\.bin is gone$/, (key) => store.delete(key)],
    [
      'cut',
      /1\.bin is not what the rank wrote: 60 bytes of \d+, and another SHA-256/,
      async (key) => store.put(key, (await store.get(key)).subarray(0, 60)),
    ],
    ['of another rank', /another SHA-256/, async (key) => store.put(key, await store.get(layout.rankReduction(2)))],
  ])('fails a rank whose reduction is %s, by its name', async (_, cause, damage) => {
    for (const rank of ranks) await givenRank(rank);
    await damage(layout.rankReduction(1));

    const { answer, summary } = await summaryOf();

    expect(answer.status).toBe('FAILED');
    expect(summary.failed_ranks).toMatchObject([
      { rank: 1, error: 'ReductionDamaged', cause: expect.stringMatching(cause) as string },
    ]);
    expect(summary.samples).toBe(2 * GALAXIES);
  });

  it.each<[string, RegExp, Uint8Array]>([
    ['no reduction', /1\.bin, byte 0: it is not the reduction of a rank/, Buffer.from('another file')],
    [
      'one of too few galaxies',
      /is of 0 galaxies, and the rank predicted 30/,
      encodeReduction(new Reduction().kept()).head,
    ],
  ])('fails a rank that took down %s as its own', async (_, cause, bytes) => {
    for (const rank of ranks) await givenRank(rank);
    const result = await givenRank(1);
    const file = await written(layout.rankReduction(1), bytes);
    const head = { size: bytes.length, sha256: file.sha256 };
    await store.put(layout.rankResult(1), JSON.stringify({ ...result, reduction_file: { ...file, head } }));

    const { summary } = await summaryOf();
    expect(summary.failed_ranks).toMatchObject([
      { error: 'ReductionDamaged', cause: expect.stringMatching(cause) as string },
    ]);
  });

  it('compares predictions by their SHA-256 where the store names another version', async () => {
    for (const rank of ranks) await givenRank(rank);
    const key = layout.rankPredictions(0);
    const bytes = await store.get(key);
    await store.put(key, bytes);
    expect((await summaryOf()).answer.status).toBe('SUCCEEDED');

    await store.put(key, Buffer.concat([bytes.subarray(0, -1), Buffer.of(0)]));
    expect(await hashObject(store, key)).not.toBe(sha256Of(bytes));
    expect((await summaryOf()).summary.failed_ranks).toMatchObject([{ rank: 0, error: 'PredictionsDamaged' }]);
  });
});
