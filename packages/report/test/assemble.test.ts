import { PredictionMetrics, pricesOf } from '@cosmicai/metrics';
import { DEFAULT_CALIBRATION, quoteRun } from '@cosmicai/quote';
import { parseReportLine, type RankResult, rankResultSchema } from '@cosmicai/payload';
import { publishedResults } from '../../../test/published-results.ts';
import { assembleRunReport, describeMeeting, rankTable, runReportHtml, runReportSchema } from '../src/index.ts';

const prices = pricesOf('us-east-1');
const base = { title: 'A run', generatedAt: '2026-01-01T00:01:00.000Z', prices };
const noScores = new PredictionMetrics().finish();

function rankResult(rank: number, changes: Partial<RankResult> = {}): RankResult {
  return rankResultSchema.parse({
    'total_cpu_time (seconds)': 4,
    'total_cpu_memory (MB)': 300,
    'execution_time (seconds/batch)': 0.4,
    num_batches: 10,
    batch_size: 128,
    device: 'cpu',
    throughput_bps: 300 * 164_160,
    sample_persec: 300,
    result_path: 'results',
    data_path: [`data/${rank}.pt`],
    s3_total_time: 1,
    s3_avg_time: 1,
    s3_min_time: 1,
    s3_max_time: 1,
    run_id: 'r-1',
    rank,
    world_size: 2,
    samples: 1200,
    bits: 1200 * 164_160,
    partitions: [{ key: `data/${rank}.pt`, size: 25e6, samples: 1200 }],
    predictions_key: `predictions/${rank}.parquet`,
    model_sha256: 'ab'.repeat(32),
    started_at: '2026-01-01T00:00:03.000Z',
    cold_start: false,
    timing: { model_load: 0.5, read: 1, inference: 3, write: 0.2, total: 4 },
    peak_rss_mb: 300,
    memory_limit_mb: 2048,
    architecture: 'x64',
    prediction_scores: noScores,
    ...changes,
  });
}

describe('the report of a run', () => {
  const report = assembleRunReport({
    ...base,
    results: [rankResult(0), rankResult(1, { started_at: '2026-01-01T00:00:05.000Z' })],
    reports: new Map([
      [
        0,
        parseReportLine(
          'REPORT RequestId: a Duration: 4100 ms Billed Duration: 5100 ms Memory Size: 2048 MB Max Memory Used: 310 MB Init Duration: 1000 ms',
        )!,
      ],
    ]),
    events: [
      { type: 'RunStarted', time: '2026-01-01T00:00:00.000Z' },
      { type: 'MapRunStarted', state: 'Infer', time: '2026-01-01T00:00:01.000Z' },
    ],
    wallClockSeconds: 12,
  });

  it('is valid, and numbers every rank with what it took', () => {
    expect(runReportSchema.parse(report)).toEqual(report);
    expect(report.ranks.map(({ rank, seconds, initSeconds }) => [rank, seconds, initSeconds])).toEqual([
      [0, 4.1, 1],
      [1, 4, 0],
    ]);
    expect(report.rates.byWallClock!.samplesPerSecond).toBe(200);
    expect(report.model).toMatchObject({ sha256: ['ab'.repeat(32)], arithmetic: [] });
  });

  it('says of a model in integers how far it is from the one that it was made of', () => {
    const arithmetic = {
      ...{ activation_bits: 8, weight_bits: 7, source_sha256: 'cd'.repeat(32) },
      ...{ galaxies: 9, max_dz: 1e-3, mean_dz: 1e-5, dz_999: 1e-4 },
    };
    const { model } = assembleRunReport({ ...base, results: [rankResult(0, { arithmetic }), rankResult(1)] });
    expect(model.arithmetic).toEqual([expect.stringContaining('z of 9 galaxies changed by at most 1.0e-3')]);
  });

  it('shows how each rank spent its time: waiting, starting, and only the reading that delayed it', () => {
    const phases = report.timeline[0]!.phases.map(({ phase, start, end }) => [
      phase,
      +start.toFixed(6),
      +end.toFixed(6),
    ]);

    expect(phases).toEqual([
      ['queue', 1, 2],
      ['cold start', 2, 3],
      ['model load', 3, 3.5],
      ['download', 3.5, 3.8],
      ['inference', 3.8, 6.8],
      ['upload', 6.8, 7],
    ]);
    expect(report.timeline[1]!.phases[0]).toEqual({ phase: 'queue', start: 1, end: 5 });
  });

  it('shows attempts that failed, ranks that never succeeded, and the waiting for other ranks', () => {
    const at = (seconds: number) => new Date(Date.parse('2026-01-01T00:00:00.000Z') + seconds * 1000).toISOString();
    const child = (index: number) => [
      { type: 'ChildStarted', state: 'Infer', index, input: { RANK: String(index) }, time: at(1) },
      { type: 'FunctionStarted', state: 'Predict', time: at(1.5), in: `Infer[${index}]` },
      { type: 'FunctionEnded', state: 'Predict', time: at(2), in: `Infer[${index}]` },
    ];
    const { timeline } = assembleRunReport({
      ...base,
      results: [rankResult(0, { started_at: at(3.5) })],
      events: [
        { type: 'RunStarted', time: at(0) },
        { type: 'MapRunStarted', state: 'Infer', time: at(1) },
        ...child(0),
        ...child(1),
        { type: 'FunctionStarted', state: 'Predict', time: at(3), in: 'Infer[0]' },
        { type: 'ChildFailed', state: 'Infer', index: 1, time: at(3) },
        { type: 'FunctionEnded', state: 'Predict', time: at(7.5), in: 'Infer[0]' },
      ],
      fmi: {
        run_id: 'r-1',
        world_size: 1,
        links: { direct: 0, relay: 0, encrypted: 0 },
        ranks: [{ rank: 0, arrived_at: at(7.5), setup_ms: 200, wait_ms: 800, links: [] }],
        prediction_scores: noScores,
      },
    });

    expect(timeline.map(({ rank, status }) => [rank, status])).toEqual([
      [0, 'succeeded'],
      [1, 'failed'],
    ]);
    expect(timeline[0]!.phases.map(({ phase, end }) => [phase, +end.toFixed(6)])).toEqual([
      ['queue', 1.5],
      ['failed attempt', 2],
      ['queue', 3.5],
      ['model load', 4],
      ['download', 4.3],
      ['inference', 7.3],
      ['upload', 7.5],
      ['barrier', 8.5],
    ]);
    expect(timeline[1]!.phases.map(({ phase }) => phase)).toEqual(['queue', 'failed attempt']);
  });

  it('tells how the ranks met, and that they did not', () => {
    const at = (seconds: number) => new Date(Date.parse('2026-01-01T00:00:00.000Z') + seconds * 1000).toISOString();
    const link = (to: number, channel: 'direct' | 'relay') => ({
      to,
      channel,
      encrypted: false,
      setup_ms: 10 * (to + 1),
    });
    const { meeting } = assembleRunReport({
      ...base,
      results: [rankResult(0)],
      fmi: {
        run_id: 'r-1',
        world_size: 3,
        links: { direct: 1, relay: 1, encrypted: 0 },
        ranks: [
          { rank: 0, arrived_at: at(7.5), setup_ms: 5, wait_ms: 800, links: [link(1, 'direct'), link(2, 'relay')] },
          { rank: 1, arrived_at: at(8), setup_ms: 5, wait_ms: 300, links: [link(0, 'direct')] },
          { rank: 2, arrived_at: at(8.25), setup_ms: 5, wait_ms: 50, links: [link(0, 'relay')] },
        ],
        prediction_scores: noScores,
      },
    });

    expect(meeting).toMatchObject({ ranks: 3, links: { direct: 1, relay: 1, encrypted: 0 } });
    expect(describeMeeting(meeting!)).toBe(
      '3 ranks, links 1 direct and 1 through the relay, not encrypted; slowest link made in 30 ms; last rank 750 ms after the first; longest wait 800 ms',
    );
    expect(report.meeting).toBeNull();
  });

  it('without the usage of the whole run tells the cost of the ranks and says so', () => {
    expect(report.cost!.usd).toBeCloseTo(2 * (5.1 + 4) * 0.0000166667 + 2 * 0.0000002, 10);
    expect(report.costNote).toMatch(/ranks alone/);
  });

  it('with that usage says what its cost leaves out', () => {
    const billed = { ...base, results: [], usage: { lambda: [] } };

    expect(assembleRunReport({ ...billed, costNote: 'Not the zones.' }).costNote).toBe('Not the zones.');
    expect(assembleRunReport(billed).costNote).toBeNull();
  });

  it('holds a quote against what was measured', () => {
    const quote = quoteRun(
      {
        ranks: [0, 1].map(() => ({ samples: 1200, bytes: 25e6, files: 1 })),
        batchSize: 128,
        memoryMb: 2048,
        ephemeralStorageMb: 512,
        architecture: 'x86_64',
        maxConcurrency: 10,
        fmi: false,
        childType: 'EXPRESS',
      },
      DEFAULT_CALIBRATION,
      { prices, runs: 5 },
    );
    const { reconciliation } = assembleRunReport({
      ...base,
      results: [rankResult(0), rankResult(1)],
      quote,
      wallClockSeconds: 12,
    });

    expect(reconciliation.map(({ what, actual }) => [what, actual])).toEqual([
      ['duration', 12],
      ['slowest rank', 4],
      ['peak memory', 300],
      ['samples', 2400],
    ]);
  });

  it('of results of earlier systems shows their accuracy, memory in use, what was allocated, and files in natural order', () => {
    const foreign = (file: number, changes: object = {}) => ({
      'total_cpu_time (seconds)': 20,
      'total_cpu_memory (MB)': 70_000,
      'total_process_memory (MB)': 6900 + file,
      s3_num_requests: 3,
      sample_persec: 250,
      data_path: `parts/${file}.pt`,
      ...changes,
    });
    const old = assembleRunReport({
      ...base,
      results: [foreign(1), foreign(10), foreign(2, { MAE: 0.012, R2: 0.97 })],
    });

    expect(old.ranks.map(({ rank, label, memoryMb }) => [rank, label, memoryMb])).toEqual([
      [null, 'parts/1.pt', 6901],
      [null, 'parts/2.pt', 6902],
      [null, 'parts/10.pt', 6910],
    ]);
    expect(old.scores).toMatchObject({ mae: 0.012, r2: 0.97, bias: null });
    expect(old.warnings).toEqual(['The accuracy is that of 1 of 3 ranks; the others tell none.']);
    expect(old.configuration['S3 requests of a rank, median']).toBe(3);
    expect(rankTable(old).columns).toEqual([
      'partition',
      'samples',
      'duration',
      'init',
      'memory',
      'samples/s',
      'bit/s',
      'cost',
      'allocated',
    ]);
    expect(rankTable(old).rows[1]).toEqual([
      'parts/2.pt',
      '5,000',
      '20 s',
      '–',
      '6,902 MB',
      '250',
      '41 Mbit/s',
      '–',
      '70,000 MB',
    ]);
    expect(rankTable(report).columns).not.toContain('allocated');
  });

  it('without a summary has the means of the ranks’ accuracy by their galaxies, and no precision', () => {
    const scores = (count: number, mae: number) => ({
      ...noScores,
      count,
      mae,
      mse: mae ** 2,
      precision: mae,
      r2: 0.9,
    });
    const { scores: whole, warnings } = assembleRunReport({
      ...base,
      results: [
        rankResult(0, { prediction_scores: scores(100, 0.01) }),
        rankResult(1, { prediction_scores: scores(300, 0.02) }),
      ],
    });

    expect(whole!.count).toBe(400);
    expect(whole!.mae).toBeCloseTo(0.0175, 12);
    expect(whole).toMatchObject({ bias: null, precision: null, r2: null });
    expect(warnings).toEqual([expect.stringMatching(/^Precision and R² of the whole run don’t follow/)]);
  });

  it('of foreign results lists each field it did not understand once', () => {
    const strange = { 'total_cpu_time (seconds)': 2, colour: 'blue' };

    expect(assembleRunReport({ ...base, results: [strange, strange] }).notUnderstood).toEqual([
      '"colour": a field of unknown meaning ("blue") (in 2 ranks)',
    ]);
  });
});

describe('the report of results in the published shape', () => {
  it('has 41 ranks, their bits and rates, no cost, and no open question', async () => {
    const report = assembleRunReport({ ...base, results: publishedResults(), wallClockSeconds: 26.642 });

    expect(report).toMatchObject({ samples: 52_398, bits: 8_601_655_680, cost: null, notUnderstood: [], timeline: [] });
    expect(report.ranks).toHaveLength(41);
    const html = await runReportHtml(report);
    expect(html).toContain('1.52 Gbit/s');
    expect(html).toContain('323 Mbit/s');
    expect(html).toContain('do not tell how much memory');
  });
});
