import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeHashes, encodePredictions } from '@cosmicai/inference';
import { PredictionMetrics } from '@cosmicai/metrics';
import { runSummarySchema, type FmiReport, type RankResult, type RunRecord, type RunSummary } from '@cosmicai/payload';
import { recordText } from '@cosmicai/runs';
import { fileStore, hashObject, isSealed, sealedText, type ObjectStore } from '@cosmicai/store';
import { rankResult } from '../../../test/rank-results.ts';
import { resultSummary } from '../src/result-summary.ts';
import { summarize } from '../src/summarize.ts';
import { givenPlan, layout, reference, RUN_ID, task } from './given-plan.ts';

let folder: string;
let store: ObjectStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-summarize-'));
  store = fileStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

/** Plans a run and lets the given ranks succeed. */
async function givenRun(worldSize: number, succeeded: readonly number[], tolerated = 0, fmi = false) {
  await givenPlan(store, worldSize, tolerated, fmi);
  for (const rank of succeeded) await givenResult(rank, worldSize);
}

async function givenResult(
  rank: number,
  worldSize: number,
  changes: Partial<RankResult> = {},
  flags: readonly number[] = [],
  labelled = true,
) {
  const zSpec = Float64Array.of(0.1, 0.2, 0.3);
  const zPred = Float32Array.from(zSpec, (z, at) => (flags[at] === 32 ? NaN : z + 0.01 * (rank + 1)));
  const batches = [
    {
      from: 0,
      count: 3,
      magnitudes: new Float64Array(15),
      zSpec: labelled ? zSpec : null,
      zPred,
      flags: Uint16Array.from([0, 0, 0], (_, at) => flags[at] ?? 0),
    },
  ];
  await store.put(layout.rankPredictions(rank), encodePredictions(rank, [{ partition: `${rank + 1}.pt`, batches }]));
  const result = rankResult(rank, {
    'total_cpu_memory (MB)': 200 + rank,
    run_id: RUN_ID,
    world_size: worldSize,
    predictions_key: layout.rankPredictions(rank),
    model_sha256: 'abc',
    timing: { model_load: 0.1, read: 0.1, inference: 1, write: 0.1, total: 2 + rank },
    peak_rss_mb: 200 + rank,
    ...changes,
  });
  await store.put(layout.rankResult(rank), JSON.stringify(result));
}

async function givenMeeting(ranks: readonly number[]) {
  const report: FmiReport = {
    run_id: RUN_ID,
    world_size: ranks.length,
    links: { direct: 0, relay: 0, encrypted: 0 },
    ranks: ranks.map((rank) => ({
      ...{ rank, arrived_at: '2026-03-04T05:06:08.000Z', setup_ms: 1, wait_ms: 1, links: [] },
    })),
    prediction_scores: new PredictionMetrics().finish(),
  };
  await store.put(layout.fmi, JSON.stringify(report));
}

const run = (input: unknown, region?: string) =>
  summarize(input, {
    openStore: () => store,
    now: () => new Date('2026-03-04T05:06:17.000Z'),
    sleep: async () => undefined,
    region,
  });
const readJson = async (key: string): Promise<unknown> => JSON.parse((await store.get(key)).toString());
const readSummary = async () => runSummarySchema.parse(await readJson(layout.summary));

describe('summarize', () => {
  it('combines the ranks in order and publishes the combined data', async () => {
    await givenRun(2, [1, 0]);

    const answer = await run({ run: reference });

    expect(answer).toMatchObject({
      statusCode: 200,
      body: '"Combined data uploaded to out/combined_data.json"',
      status: 'SUCCEEDED',
    });
    const combined = (await readJson('out/combined_data.json')) as RankResult[];
    expect(combined.map((result) => result.rank)).toEqual([0, 1]);
    expect(await readJson(layout.combined)).toEqual(combined);
    const summary = await readSummary();
    expect(summary).toMatchObject({ samples: 6, wall_clock_seconds: 10, slowest_rank_seconds: 3, peak_rss_mb: 201 });
    expect(summary.ranks).toEqual({ planned: 2, succeeded: 2, without_data: 0, failed: 0, cold_starts: 2 });
    expect(summary.prediction_scores.mae).toBeCloseTo(0.015, 6);
    // 1 GB for 2 s and 3 s, two requests: the price list of docs/costs.md by hand.
    expect(summary.cost?.usd).toBeCloseTo(5 * 0.0000166667 + 2 * 0.0000002, 12);
  });

  it.each([
    ['all met', [0, 1, 2], []],
    ['none met', undefined, [expect.stringContaining('did not meet over FMI, so there is no fmi.json')]],
    ['one met alone', [1], [expect.stringMatching(/^Ranks 0, 2 did not meet the others over FMI/)]],
  ])('tells what came of a meeting: %s', async (_, met, warnings) => {
    await givenRun(3, [0, 1, 2], 0, true);
    if (met !== undefined) await givenMeeting(met);

    await run({ run: reference });

    expect((await readSummary()).warnings).toEqual(warnings);
  });

  it.each([
    ['of another run', { run_id: 'older' }],
    ['of another rank', { rank: 0 }],
    ['about other partitions', { data_path: '7.pt' }],
  ])('does not count a result %s', async (_, changes) => {
    await givenRun(2, [0]);
    await givenResult(1, 2, changes);

    const answer = await run({ run: reference });

    expect(answer.status).toBe('FAILED');
    expect(answer.cause).toMatch(/1 of 2 ranks failed.*\nrank 1 \(2\.pt\)/);
    expect((await readSummary()).samples).toBe(3);
  });

  describe('a rank whose files are not what it wrote', () => {
    /** Ranks as they are now: they take down what they write. */
    async function givenProvenRun() {
      await givenRun(3, []);
      for (const rank of [0, 1, 2]) {
        await givenResult(rank, 3);
        const key = layout.rankPredictions(rank);
        const { size, etag } = (await store.head(key))!;
        await givenResult(rank, 3, {
          predictions_file: { key, size, etag, sha256: await hashObject(store, key), rows: 3 },
        });
      }
    }

    it('is none as long as nobody touched them, and the run says so', async () => {
      await givenProvenRun();
      expect(await run({ run: reference })).toMatchObject({ status: 'SUCCEEDED' });
      expect((await readSummary()).proof).toEqual({
        statement: '9 of 9 galaxies, each once; 1 model; 3 of 3 files unchanged',
        galaxies: 9,
        galaxies_planned: 9,
        partitions: { planned: 3, predicted: 3 },
        models: ['abc'],
        files: { checked: 3, unchanged: 3 },
        problems: [],
      });
      expect(isSealed((await store.get(layout.proof)).toString())).toBe(true);
    });

    it.each<[string, string, number, (key: (rank: number) => string) => Promise<unknown>]>([
      [
        'predictions of another rank',
        'PredictionsDamaged',
        3,
        async (key) => store.put(key(1), await store.get(key(2))),
      ],
      ['no predictions', 'PredictionsDamaged', 3, (key) => store.delete(key(1))],
      ['other bytes as predictions', 'PredictionsDamaged', 3, (key) => store.put(key(1), 'PAR1')],
      [
        'the result of another rank',
        'ResultDamaged',
        2,
        async () => store.put(layout.rankResult(1), await store.get(layout.rankResult(2))),
      ],
      [
        'half a result',
        'ResultDamaged',
        2,
        async () => store.put(layout.rankResult(1), (await store.get(layout.rankResult(1))).subarray(0, 300)),
      ],
    ])('has failed: %s', async (_, error, checked, swap) => {
      await givenProvenRun();
      await swap(layout.rankPredictions);
      // It ended well: what the Map says of a rank counts only where the rank left nothing.
      const entry = { Input: JSON.stringify(task(1, 3)), Error: 'Other', Cause: 'another', Status: 'FAILED' };
      await store.put(`${layout.map}/abc/FAILED_0.json`, JSON.stringify([entry]));

      const answer = await run({ run: reference });

      expect(answer).toMatchObject({ status: 'FAILED', error_name: 'RanksFailed' });
      const summary = await readSummary();
      expect(summary.failed_ranks).toMatchObject([{ rank: 1, error }]);
      expect(summary).toMatchObject({ samples: 6, prediction_scores: { count: 6 } });
      expect(summary.proof?.files).toEqual({ checked, unchanged: 2 });
      expect(await store.head('out/summary.json')).toBeUndefined();
    });

    it.each([
      ['hashes of its images', 'hashes_file', 'rankHashes', 'damaged'],
      ['hashes of its images', 'hashes_file', 'rankHashes', 'gone'],
      ['hashes of names', 'names_file', 'rankNames', 'damaged'],
      ['hashes of names', 'names_file', 'rankNames', 'gone'],
    ] as const)('has failed: the %s (%s, %s) are %s', async (_, field, place, how) => {
      await givenProvenRun();
      const key = layout[place](1);
      const { size, etag } = await store.put(key, Buffer.alloc(24, 7));
      await givenResult(1, 3, { [field]: { key, size, etag, sha256: await hashObject(store, key) } });
      expect(await run({ run: reference })).toMatchObject({ status: 'SUCCEEDED' });
      await (how === 'gone' ? store.delete(key) : store.put(key, Buffer.alloc(16, 7)));
      expect(await run({ run: reference })).toMatchObject({ status: 'FAILED' });
      expect((await readSummary()).failed_ranks).toMatchObject([{ rank: 1, error: 'HashesDamaged' }]);
    });

    it('has failed when its result was edited, though it fits its task still', async () => {
      await givenProvenRun();
      const result = JSON.parse((await store.get(layout.rankResult(1))).toString()) as RankResult;
      const text = sealedText(result);
      await store.put(layout.rankResult(1), text);
      expect(await run({ run: reference })).toMatchObject({ status: 'SUCCEEDED' });
      await store.put(layout.rankResult(1), text.replace('"cold_start": true', '"cold_start":false'));
      expect(await run({ run: reference })).toMatchObject({ status: 'FAILED' });
      expect((await readSummary()).failed_ranks).toMatchObject([
        { rank: 1, error: 'ResultDamaged', cause: expect.stringContaining('its seal is broken') as string },
      ]);
    });

    it('counts when the run was copied elsewhere, where only the store’s names of the files are new', async () => {
      await givenProvenRun();
      for (const rank of [0, 1, 2])
        await store.put(layout.rankPredictions(rank), await store.get(layout.rankPredictions(rank)));
      expect(await run({ run: reference })).toMatchObject({ status: 'SUCCEEDED' });
    });

    it('refuses a plan that isn’t the one by which it was planned, and writes nothing', async () => {
      await givenProvenRun();
      const record = JSON.parse((await store.get(layout.run)).toString()) as RunRecord;
      const file = async (key: string) => ({ size: 1, sha256: await hashObject(store, key) });
      await store.put(layout.items, '[]');
      const planned_files = { manifest: await file(layout.manifest), items: await file(layout.items) };
      await store.put(layout.run, recordText({ ...record, planned_files }));
      await store.put(layout.items, '[ ]');
      await expect(run({ run: reference })).rejects.toThrow(/items.json is not what was planned/);
      await store.put(layout.items, '[]');
      await store.put(layout.manifest, JSON.stringify([task(0, 1)]));
      await expect(run({ run: reference })).rejects.toThrow(/manifest.json is not what was planned/);
      expect(await store.head(layout.proof)).toBeUndefined();
    });

    it('fails a run in which two models predicted', async () => {
      await givenRun(2, [1]);
      await givenResult(0, 2, { model_sha256: 'def' });

      expect(await run({ run: reference })).toMatchObject({
        status: 'FAILED',
        error_name: 'RunNotWhole',
        cause: expect.stringMatching(/^2 models predicted: def… \(rank 0\), abc… \(rank 1\)/),
      });
      expect((await readSummary()).model_sha256).toEqual(['abc', 'def']);
    });

    it('comes before what else is wrong with a run', async () => {
      await givenRun(3, [0], 50);
      await givenResult(1, 3, { model_sha256: 'def' }, [8, 8, 8]);
      const record = (await readJson(layout.run)) as { run: object };
      await store.put(layout.run, JSON.stringify({ ...record, run: { ...record.run, max_flagged: 10 } }));

      expect(await run({ run: reference })).toMatchObject({
        status: 'FAILED',
        error_name: 'RanksFailed',
        cause: expect.stringMatching(/^1 of 3 ranks failed\.\nrank 2 \(3\.pt\): NoResult/) as string,
      });
    });
  });

  it('counts flagged galaxies over all ranks, and scores those without flags apart', async () => {
    await givenRun(2, []);
    await givenResult(0, 2, {}, [0, 8, 0]);
    await givenResult(1, 2, {}, [0, 8, 130]);

    await run({ run: reference });

    const summary = await readSummary();
    expect(summary).toMatchObject({
      status: 'SUCCEEDED',
      flagged: { galaxies: 3, by_flag: { image_blank: 2, magnitude_placeholder: 1, truth_unusable: 1 } },
      prediction_scores: { count: 5, excluded: 1 },
      prediction_scores_unflagged: { count: 3, excluded: 0 },
    });
  });

  it.each<[string, number | undefined, readonly number[], string | null, RegExp | null]>([
    ['as many as may be', 50, [0, 8, 0], null, null],
    ['more than may be', 10, [0, 8, 0], 'TooManyFlagged', /1 of 3 galaxies \(33\.3 %\) are flagged.*1 image_blank/],
    ['not one finite prediction', undefined, [32, 32, 32], 'NoFinitePrediction', /no finite number for any of 3/],
  ])('judges flagged galaxies: %s', async (_, maxFlagged, flags, error, cause) => {
    await givenRun(1, []);
    const record = (await readJson(layout.run)) as { run: object };
    const asked = maxFlagged === undefined ? {} : { max_flagged: maxFlagged };
    await store.put(layout.run, JSON.stringify({ ...record, run: { ...record.run, ...asked } }));
    await givenResult(0, 1, {}, flags);

    const answer = await run({ run: reference });

    expect(answer.error_name).toBe(error);
    expect(answer.status).toBe(error === null ? 'SUCCEEDED' : 'FAILED');
    if (cause !== null) expect(answer.cause).toMatch(cause);
    if (cause !== null) expect((await readSummary()).warnings).toEqual([expect.stringMatching(cause)]);
  });

  it.each([
    [[false, true], { count: 3, excluded: 3 }, 3],
    [[false, false], { count: 0, excluded: 6, mae: null }, 6],
    [[true, true], { count: 6, excluded: 0 }, undefined],
  ])('tells N(z) where galaxies have no true redshift: ranks %j', async (labelled, scores, without) => {
    await givenRun(2, []);
    for (const [rank, known] of labelled.entries()) await givenResult(rank, 2, {}, [], known);
    expect((await run({ run: reference })).status).toBe('SUCCEEDED');
    const summary = await readSummary();
    expect(summary.prediction_scores).toMatchObject(scores);
    expect(summary.without_truth).toBe(without);
    // In single precision 0.11, 0.12, 0.21, 0.22 and 0.32 lie below themselves, 0.31 above.
    const gap = [0, 0, 0, 0, 0, 0, 0, 0];
    const histogram = { bin_width: 0.01, from: 0.1, counts: [1, 1, ...gap, 1, 1, ...gap, 0, 2], outside: 0 };
    expect(summary.redshift_histogram).toEqual(without && histogram);
  });

  it('says a warning of many ranks once, and warns of an empty survey', async () => {
    await givenRun(3, []);
    const empty = (rank: number) => ({ samples: 0, partitions: [{ key: `${rank + 1}.pt`, size: 100, samples: 0 }] });
    await givenResult(0, 3, { ...empty(0), warnings: ['There are no galaxies in 100MB/1.pt.'] });
    await givenResult(1, 3, {
      ...empty(1),
      warnings: ['There are no galaxies in 100MB/2.pt.', 'Bands look permuted: 5 of 9.'],
    });
    await givenResult(2, 3, {
      ...empty(2),
      warnings: ['There are no galaxies in 100MB/3.pt.', 'Bands look permuted: 7 of 8.'],
    });

    await run({ run: reference });

    expect((await readSummary()).warnings).toEqual([
      'All ranks: There are no galaxies in 100MB/1.pt.',
      'Rank 1 and 1 other rank of 3: Bands look permuted: 5 of 9.',
      'There are no galaxies in any partition.',
    ]);
  });

  it('does not publish combined data of a failed run, and keeps what was published before', async () => {
    await store.put('out/combined_data.json', '"of the run before"');
    await givenRun(2, [0]);

    await run({ run: reference });

    expect(await readJson('out/combined_data.json')).toBe('of the run before');
    expect(await readJson(layout.combined)).toHaveLength(1);
  });

  it('names the error that the Distributed Map wrote down for a rank', async () => {
    await givenRun(2, [0], 50);
    const cause = JSON.stringify({ errorType: 'PartitionError', errorMessage: 'rank 1, partition 2.pt: no zip file' });
    await store.put(
      `${layout.map}/abc/FAILED_0.json`,
      JSON.stringify([{ Input: JSON.stringify(task(1, 2)), Error: 'PartitionError', Cause: cause, Status: 'FAILED' }]),
    );

    const answer = await run({ run: reference });

    expect(answer.status).toBe('SUCCEEDED_WITH_FAILED_RANKS');
    expect((await readSummary()).failed_ranks).toEqual([
      { rank: 1, data_path: ['2.pt'], error: 'PartitionError', cause: 'rank 1, partition 2.pt: no zip file' },
    ]);
    expect(await readJson('out/combined_data.json')).toHaveLength(1);
  });

  it('heeds the lists of this run’s Map only, however many there are', async () => {
    await givenRun(2, [0], 50);
    const list = (cause: string) =>
      JSON.stringify([{ Input: JSON.stringify(task(1, 2)), Error: 'PartitionError', Cause: cause, Status: 'FAILED' }]);
    await store.put('out/runs/another/map/abc/FAILED_0.json', list('of another run'));
    await store.put(`${layout.map}/abc/FAILED_12.json`, list('of this run'));
    await store.put(`${layout.map}/abc/FAILED_13.json.bak`, list('of a copy'));

    await run({ run: reference });

    expect((await readSummary()).failed_ranks).toMatchObject([{ rank: 1, cause: 'of this run' }]);
  });

  it('names files and cause of a rank at a length that can be read', async () => {
    await givenRun(1, []);
    const files = Array.from({ length: 50 }, (_, k) => `partition-${k}.pt`);
    await store.put(layout.manifest, JSON.stringify([{ ...task(0, 1), DATA_PATH: files }]));
    const cause = 'word '.repeat(200);
    await store.put(
      `${layout.map}/abc/FAILED_0.json`,
      JSON.stringify([{ Input: JSON.stringify(task(0, 1)), Error: 'E', Cause: cause, Status: 'FAILED' }]),
    );

    const answer = await run({ run: reference });

    const [failure] = (await readSummary()).failed_ranks;
    expect(answer.cause).toBe(
      `1 of 1 ranks failed.\nrank 0 (${files.join(', ').slice(0, 300)}): E: ${failure!.cause.slice(0, 500)}`,
    );
    expect(failure!.cause.length).toBeGreaterThan(500);
  });

  it('reads a failed batch of ranks, and a child whose input was too long to be kept', async () => {
    await givenRun(3, [0], 100);
    const batch = { Items: [task(1, 3), task(2, 3)] };
    await store.put(
      `${layout.map}/abc/FAILED_1.json`,
      JSON.stringify([
        { Error: 'States.Timeout', Cause: 'too long', Status: 'TIMED_OUT' },
        { Input: JSON.stringify(batch), Status: 'FAILED' },
      ]),
    );

    await run({ run: reference });

    expect((await readSummary()).failed_ranks.map(({ rank, error }) => [rank, error])).toEqual([
      [1, 'NoReason'],
      [2, 'NoReason'],
    ]);
  });

  it('says of ranks that were stopped, or never started, which failures stopped them, by the last Map run', async () => {
    await givenRun(4, [], 0);
    const entry = (rank: number, fields: object) => ({ Input: JSON.stringify(task(rank, 4)), ...fields });
    const at = (second: number) => `2026-03-04T05:06:0${second}.000Z`;
    const failed = { Error: 'PartitionError', Cause: 'no zip file', Status: 'FAILED' };
    // Of an attempt before, whose folder comes last.
    await store.put(
      `${layout.map}/zzz/FAILED_0.json`,
      JSON.stringify([entry(0, { Status: 'ABORTED', StopDate: at(1) }), entry(3, { ...failed, StopDate: at(1) })]),
    );
    const stopped = entry(1, { Status: 'ABORTED', StopDate: at(3) });
    await store.put(
      `${layout.map}/abc/FAILED_0.json`,
      JSON.stringify([stopped, entry(0, { ...failed, StopDate: at(2) })]),
    );
    await store.put(`${layout.map}/abc/PENDING_0.json`, JSON.stringify([entry(2, { Status: 'PENDING' })]));

    const answer = await run({ run: reference, error: { Error: 'States.ExceedToleratedFailureThreshold', Cause: '' } });

    expect((await readSummary()).failed_ranks.map(({ rank, error, cause }) => [rank, error, cause])).toEqual([
      [0, 'PartitionError', 'no zip file'],
      [1, 'RankStopped', 'stopped because rank 0 failed'],
      [2, 'RankNotStarted', 'never started because rank 0 failed'],
      [3, 'PartitionError', 'no zip file'],
    ]);
    expect(answer.cause).toContain('rank 1 (2.pt): RankStopped: stopped because rank 0 failed\n');
  });

  it('gives ranks without an error of their own the error that the state machine caught', async () => {
    await givenRun(1, []);

    const answer = await run({ run: reference, error: { Error: 'States.ItemReaderFailed', Cause: 'no manifest' } });

    expect(answer.cause).toMatch(
      /States\.ItemReaderFailed: the run was stopped before this rank was done: no manifest/,
    );
  });

  it.each([
    ['the answer of Initialize under a name', { lambda_result: { statusCode: 200, body: [task(0, 1)] } }],
    ['only the items', { body: [task(0, 1)] }],
    [
      'only the answers of the ranks',
      [{ statusCode: 200, run_id: RUN_ID, rank: 0, bucket: 'galaxies', result_path: 'out' }],
    ],
    ['answers in Lambda envelopes', [{ Payload: { run_id: RUN_ID, bucket: 'galaxies', result_path: 'out' } }]],
  ])('finds the run when the state machine passes %s', async (_, input) => {
    await givenRun(1, [0]);

    expect(await run(input)).toMatchObject({ run_id: RUN_ID, status: 'SUCCEEDED' });
  });

  it('writes down everything about a run', async () => {
    await givenRun(2, []);
    await givenResult(0, 2, { bits: 600, cold_start: false, warnings: ['a word'], not_checked: ['sums'] });
    const arithmetic = {
      ...{ activation_bits: 8, weight_bits: 7, source_sha256: 'ab'.repeat(32) },
      ...{ galaxies: 9, max_dz: 1e-3, mean_dz: 1e-5, dz_999: 1e-4 },
    };
    await givenResult(1, 2, { bits: 900, architecture: 'arm64', model_sha256: 'abc', arithmetic });
    const record = (await readJson(layout.run)) as RunRecord;
    await store.put(layout.run, JSON.stringify({ ...record, warnings: ['of the plan'] }));
    await store.put(layout.rendezvousKey, 'secret');

    const answer = await run({ run: reference }, 'mars-north-1');

    expect(answer).toEqual({
      statusCode: 200,
      body: '"Combined data uploaded to out/combined_data.json"',
      run_id: RUN_ID,
      status: 'SUCCEEDED',
      summary_key: layout.summary,
      error_name: null,
      cause: null,
    });
    const summary = await readSummary();
    const perSecond = (amount: number) => ({
      summed_over_ranks: expect.closeTo(amount, 9) as number,
      by_slowest_rank: expect.anything() as number,
      by_wall_clock: expect.anything() as number,
    });
    const { cost, prediction_scores, prediction_scores_unflagged, ...rest } = summary;
    expect(rest).toEqual({
      run_id: RUN_ID,
      status: 'SUCCEEDED',
      bucket: 'galaxies',
      result_path: 'out',
      created_at: '2026-03-04T05:06:07.000Z',
      finished_at: '2026-03-04T05:06:17.000Z',
      wall_clock_seconds: 10,
      world_size: 2,
      batch_size: 4,
      ranks: { planned: 2, succeeded: 2, without_data: 0, failed: 0, cold_starts: 1 },
      failed_ranks: [],
      samples: 6,
      bits: 1500,
      samples_per_second: { ...perSecond(3 / 2 + 3 / 3), by_slowest_rank: 6 / 3, by_wall_clock: 6 / 10 },
      bits_per_second: { ...perSecond(600 / 2 + 900 / 3), by_slowest_rank: 1500 / 3, by_wall_clock: 1500 / 10 },
      slowest_rank_seconds: 3,
      peak_rss_mb: 201,
      predictions_prefix: `${layout.predictions}/`,
      model_sha256: ['abc'],
      quantized_models: [{ model_sha256: 'abc', ...arithmetic }],
      warnings: ['of the plan', 'Rank 0: a word'],
      flagged: { galaxies: 0, by_flag: {} },
      not_checked: ['Rank 0: sums', expect.stringMatching(/^Whether galaxies of 2 ranks occur/)],
      proof: expect.objectContaining({ galaxies: 6 }) as object,
      // Written and published: combined data, reduction, summary, proof, lease, two ranks, the combined data and the summary again.
      // Listed: what is published; not why ranks failed, as none did.
      store_requests: expect.objectContaining({ puts: 9, deletes: 2, lists: 1 }) as object,
      format: summary.format,
    });
    expect(prediction_scores).toEqual(prediction_scores_unflagged);
    expect(prediction_scores).toMatchObject({ count: 6 });
    expect(cost).toMatchObject({
      region: 'us-east-1',
      items: [
        { item: 'inference duration (x86_64, 1024 MB)', quantity: 2, unit: 'GB-second' },
        { item: 'inference requests', quantity: 1 },
        { item: 'inference duration (arm64, 1024 MB)', quantity: 3 },
        { item: 'inference requests', quantity: 1 },
      ],
    });
    expect(await store.head(layout.rendezvousKey)).toBeUndefined();
    expect(await readJson('out/summary.json')).toEqual(await readJson(layout.summary));
    expect(await readJson('out/0.json')).toEqual(await readJson(layout.rankResult(0)));
  });

  it('says that all was checked where it was', async () => {
    await givenRun(2, [0, 1]);
    for (const rank of [0, 1]) await store.put(layout.rankHashes(rank), encodeHashes(BigUint64Array.of(7n)));

    await run({ run: reference });

    const summary = (await readJson(layout.summary)) as RunSummary;
    expect(summary).toMatchObject({ duplicates: { galaxies: 1, exact: true } });
    expect(summary).not.toHaveProperty('not_checked');
    expect(summary).not.toHaveProperty('repeated_names');
  });

  it('counts names that galaxies of several ranks have', async () => {
    await givenRun(2, [0, 1]);
    for (const rank of [0, 1]) {
      const key = layout.rankNames(rank);
      const { size, etag } = await store.put(key, encodeHashes(BigUint64Array.of(7n, BigInt(8 + rank))));
      await givenResult(rank, 2, { names_file: { key, size, etag, sha256: await hashObject(store, key) } });
    }
    await run({ run: reference });

    const summary = await readSummary();
    expect(summary.repeated_names).toEqual({ galaxies: 1, exact: true });
    expect(summary.warnings).toContain(
      'Of all ranks together: 1 name (id) is that of several galaxies (in rank 0 and rank 1).',
    );
  });

  it('reads 32 files at once at most', async () => {
    const ranks = Array.from({ length: 40 }, (_, rank) => rank);
    await givenRun(40, ranks);
    for (const rank of ranks) {
      await store.put(layout.rankHashes(rank), encodeHashes(BigUint64Array.of(BigInt(rank))));
      await store.put(`${layout.map}/abc/SUCCEEDED_${rank}.json`, '[]');
    }
    const kinds = [/\/\d+\.json$/, /hashes/, /SUCCEEDED|(run|manifest)\.json$/];
    const underWay = kinds.map(() => 0);
    const most = kinds.map(() => 0);
    const count = (kind: number, by: number) => {
      underWay[kind]! += by;
      most[kind] = Math.max(most[kind]!, underWay[kind]!);
    };
    const whole = store;
    store = new Proxy(whole, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name !== 'get' && name !== 'stream') return value.bind(target) as unknown;
        return async (key: string, ...options: never[]) => {
          const kind = kinds.findIndex((pattern) => pattern.test(key));
          if (kind >= 0) count(kind, 1);
          try {
            return await target[name](key, ...options);
          } finally {
            if (kind >= 0) count(kind, -1);
          }
        };
      },
    });

    expect(await run({ run: reference })).toMatchObject({ status: 'SUCCEEDED' });

    expect(Math.min(...most)).toBeGreaterThan(0);
    expect(Math.max(...most)).toBeLessThanOrEqual(32);
  });

  it('does not take a store that fails for a rank that left no result', async () => {
    await givenRun(2, [0, 1]);
    const whole = store;
    for (const key of [layout.rankResult(1), layout.rankPredictions(1)]) {
      store = Object.assign(Object.create(whole) as ObjectStore, {
        get: (asked: string, ...rest: never[]) =>
          asked === key ? Promise.reject(new Error('connection reset')) : whole.get(asked, ...rest),
        stream: (asked: string) => whole.stream(asked),
      });
      await expect(run({ run: reference })).rejects.toThrow('connection reset');
      expect(await whole.head(layout.summary)).toBeUndefined();
    }
  });

  it('counts requests of a run that is not published', async () => {
    await givenRun(2, [0]);
    await run({ run: reference });
    expect((await readSummary()).store_requests).toMatchObject({ puts: 4, deletes: 1 });
  });

  it('adds ranks of the same function up in one line of the bill', async () => {
    await givenRun(3, [0, 1]);
    await givenResult(2, 3, { memory_limit_mb: 2048 });

    await run({ run: reference }, 'us-east-1');

    expect((await readSummary()).cost!.items.map(({ item, quantity }) => [item, quantity])).toEqual([
      ['inference duration (x86_64, 1024 MB)', 5],
      ['inference requests', 2],
      ['inference duration (x86_64, 2048 MB)', 8],
      ['inference requests', 1],
    ]);
  });

  it.each([
    ['memory', { memory_limit_mb: null }],
    ['architecture', { architecture: 'riscv64' }],
  ])('knows no cost where one rank tells no %s that is billed', async (_, changes) => {
    await givenRun(2, [0]);
    await givenResult(1, 2, changes);

    await run({ run: reference });

    expect((await readSummary()).cost).toBeNull();
  });

  it.each([
    [50, 'SUCCEEDED_WITH_FAILED_RANKS'],
    [49.9, 'FAILED'],
  ])('tolerates %d %% of failed ranks, of which there are 50: %s', async (tolerated, status) => {
    await givenRun(4, [0, 3], tolerated);

    expect((await run({ run: reference })).status).toBe(status);
  });

  it('starts the clock of a run at its beginning, whatever the other clock says', async () => {
    await givenRun(1, [0]);
    const record = (await readJson(layout.run)) as RunRecord;
    await store.put(layout.run, JSON.stringify({ ...record, created_at: '2026-03-04T05:09:00.000Z' }));

    await run({ run: reference });

    expect(await readSummary()).toMatchObject({
      wall_clock_seconds: 0,
      samples_per_second: { by_wall_clock: null, by_slowest_rank: 1.5 },
    });
  });

  it('counts ranks without data apart', async () => {
    await givenRun(2, [0]);
    const manifest = [task(0, 2), { ...task(1, 2), DATA_PATH: null }];
    await store.put(layout.manifest, JSON.stringify(manifest));

    expect(await run({ run: reference })).toMatchObject({ status: 'SUCCEEDED' });
    expect((await readSummary()).ranks).toEqual({
      planned: 2,
      succeeded: 1,
      without_data: 1,
      failed: 0,
      cold_starts: 1,
    });
  });

  it('names twenty failed ranks and counts the others', async () => {
    await givenRun(22, []);
    const cause = `first line of the cause${'.'.repeat(400)}\nsecond line`;

    const answer = await run({ run: reference, error: { Error: 'Broken', Cause: cause } });

    const lines = answer.cause!.split('\n');
    expect(lines[0]).toBe('22 of 22 ranks failed.');
    expect(lines).toHaveLength(22);
    expect(lines[1]).toBe(
      `rank 0 (1.pt): Broken: the run was stopped before this rank was done: ${cause.slice(0, 300)}`,
    );
    expect(lines[20]).toMatch(/^rank 19 /);
    expect(lines[21]).toBe('and 2 more, see summary.json');
    expect(answer.body).toBe(JSON.stringify(answer.cause));
    await givenRun(20, []);
    expect((await run({ run: reference })).cause!.split('\n')).toHaveLength(21);
  });

  it('gives a rank without a result no error of its own when nothing says more', async () => {
    await givenRun(1, []);
    await store.put(`${layout.map}/abc/manifest.json`, '{}');
    await store.put(`${layout.map}/abc/SUCCEEDED_0.json`, '[]');

    await run({ run: reference, error: { Error: 7 } });

    expect((await readSummary()).failed_ranks).toMatchObject([{ rank: 0, error: 'NoResult' }]);
  });

  it('seals what lies in the run’s folder, with the sums of all of it', async () => {
    await givenRun(2, [0, 1], 0, true);
    await givenMeeting([0, 1]);
    await store.put(`${layout.map}/abc/SUCCEEDED_0.json`, '[]');

    await run({ run: reference });

    const { objects, run_id } = (await readJson(layout.proof)) as {
      run_id: string;
      objects: { key: string; size: number; sha256: string }[];
    };
    expect(run_id).toBe(RUN_ID);
    expect(objects.map(({ key }) => key)).toEqual([
      'run.json',
      'manifest.json',
      'fmi.json',
      'map/abc/SUCCEEDED_0.json',
      '0.json',
      '1.json',
      'combined_data.json',
      'reduction.bin',
      'summary.json',
    ]);
    for (const { key, size, sha256 } of objects) {
      expect(await hashObject(store, `${layout.folder}/${key}`)).toBe(sha256);
      expect((await store.head(`${layout.folder}/${key}`))!.size).toBe(size);
    }
  });

  it.each([
    [20, /^Ranks (\d+, ){19}20 did not meet/],
    [22, /^Ranks (\d+, ){19}20 and 2 more did not meet/],
    [1, /^Rank 1 did not meet/],
  ])('names twenty ranks at most that did not meet: of %d', async (absent, told) => {
    const ranks = Array.from({ length: absent + 1 }, (_, rank) => rank);
    await givenRun(absent + 1, ranks, 0, true);
    await givenMeeting([0]);

    await run({ run: reference });

    expect((await readSummary()).warnings).toEqual([expect.stringMatching(told)]);
  });

  it('expects no meeting of ranks that all failed', async () => {
    await givenRun(1, [], 0, true);

    await run({ run: reference });

    expect(await readSummary()).toMatchObject({ warnings: [], cost: null });
  });

  it('says what it needs when the input names no run', async () => {
    await expect(run({ hello: 'world' })).rejects.toThrow(/names no run/);
  });
});

describe('resultSummary', () => {
  it('combines every finished run below a folder', async () => {
    await givenRun(2, [0, 1]);
    await run({ run: reference });

    const answer = await resultSummary({ bucket: 'galaxies', prefix: 'out/' }, () => store);

    expect(answer).toMatchObject({ statusCode: 200, runs: 1, table_key: 'out/performance_table.csv' });
    const [head, row] = (await store.get('out/performance_table.csv')).toString().split('\n');
    const figures = Object.fromEntries(head!.split(',').map((name, column) => [name, row!.split(',')[column]]));
    expect(figures).toMatchObject({
      world_size: '2',
      batch_size: '4',
      status: 'SUCCEEDED',
      samples: '6',
      duration_seconds: '10',
      run_id: RUN_ID,
    });
    expect(await readJson('out/performance_analysis.json')).toMatchObject({ runs: 1, succeeded: 1 });
  });

  it('numbers repeats by time, and tells cold from warm and failed from succeeded', async () => {
    const ids = ['b', 'a', 'c'];
    await givenRun(1, [0]);
    await run({ run: reference });
    const summary = (await readJson(layout.summary)) as Record<string, unknown>;
    await store.delete(layout.summary);
    for (const [minute, id] of ids.entries())
      await store.put(
        `out/runs/${id}/summary.json`,
        JSON.stringify({
          ...summary,
          run_id: id,
          created_at: `2026-03-04T05:0${minute}:00.000Z`,
          ranks: { ...(summary.ranks as object), cold_starts: minute === 0 ? 1 : 0 },
          ...(minute === 2 && {
            status: 'FAILED',
            world_size: 2,
            failed_ranks: [{ rank: 0, data_path: ['1.pt'], error: 'E', cause: 'no zip file' }],
            cost: null,
          }),
        }),
      );
    await store.put('out/runs/x/y/summary.json', 'not one');
    await store.put('out/runs/x/summary.json.bak', 'not one');

    const answer = await resultSummary({ bucket: 'galaxies', result_path: '/out/' }, () => store);

    expect(answer).toEqual({
      statusCode: 200,
      body: '"3 runs combined in out/performance_table.csv"',
      runs: 3,
      table_key: 'out/performance_table.csv',
      analysis_key: 'out/performance_analysis.json',
    });
    const [head, ...rows] = (await store.get('out/performance_table.csv')).toString().trim().split('\n');
    const names = head!.split(',');
    const figures = rows.map((row) => Object.fromEntries(row.split(',').map((cell, column) => [names[column]!, cell])));
    expect(figures).toMatchObject([
      { run_id: 'b', repeat: '1', start: 'cold', status: 'SUCCEEDED', data_size: 'out', error: '' },
      { run_id: 'a', repeat: '2', start: 'warm', status: 'SUCCEEDED' },
      { run_id: 'c', repeat: '1', start: 'warm', status: 'FAILED', error: 'no zip file', cost_usd: '' },
    ]);
    expect(figures[0]).toMatchObject({
      samples: '3',
      duration_seconds: '10',
      slowest_rank_seconds: '2',
      memory_mb: '200',
      throughput_rps: '0.3',
      throughput_bps: '300',
    });
    expect(Number(figures[0]!.cost_usd)).toBeGreaterThan(0);
  });

  it('takes a folder with slashes around it, and none that ended without a reason to have one', async () => {
    await givenRun(1, [0]);
    await run({ run: reference });
    const summary = (await readJson(layout.summary)) as Record<string, unknown>;
    await store.put('a/b/runs/x/summary.json', JSON.stringify({ ...summary, status: 'FAILED', failed_ranks: [] }));

    const answer = await resultSummary({ bucket: 'galaxies', prefix: '//a/b//' }, () => store);

    expect(answer).toMatchObject({ runs: 1, table_key: 'a/b/performance_table.csv' });
    const [head, row] = (await store.get('a/b/performance_table.csv')).toString().split('\n');
    expect(row!.split(',')[head!.split(',').indexOf('error')]).toBe('');
  });

  it('combines the runs of a whole bucket', async () => {
    await givenRun(1, [0]);
    await run({ run: reference });
    expect(await resultSummary({ bucket: 'galaxies' }, () => store)).toMatchObject({
      runs: 1,
      table_key: 'performance_table.csv',
    });
  });

  it.each([
    [7, /an object with bucket and prefix/],
    [{ bucket: '' }, /bucket: found ""; allowed: a bucket/],
    [{ prefix: 'out' }, /bucket: .*allowed: a bucket/],
    [{ bucket: 'galaxies', prefix: 7 }, /prefix: found 7; allowed: a folder of the bucket/],
    [{ bucket: 'galaxies', result_path: 7 }, /result_path: found 7; allowed: a folder of the bucket/],
  ])('refuses %j', async (input, problem) => {
    await expect(resultSummary(input, () => store)).rejects.toThrow(problem);
    await expect(resultSummary(input, () => store)).rejects.toThrow(/input of resultSummary/);
  });

  it('says where it looked when there is no run', async () => {
    await store.put('out/notes.txt', 'nothing here');

    await expect(resultSummary({ bucket: 'galaxies', prefix: 'out' }, () => store)).rejects.toThrow(
      /no finished run below \/.*\/out/,
    );
  });
});
