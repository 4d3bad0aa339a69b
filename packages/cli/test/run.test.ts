import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { decodePredictions } from '@cosmicai/inference';
import { pricesOf } from '@cosmicai/metrics';
import { fmiReportSchema, parseJsonAs, parseReportLog, type RankResult, type RunRecord } from '@cosmicai/payload';
import { DEFAULT_CALIBRATION, quoteRun, type RunPlan } from '@cosmicai/quote';
import { s3UsageOf } from '@cosmicai/runs/gather';
import { eventsIn } from './support/events.ts';
import { printedRun, Workspace } from './support/workspace.ts';

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey('parts');
});
afterAll(() => workspace.remove());

/** The keys that notebooks of the published system read from `<rank>.json` and combined_data.json. */
const UPSTREAM_KEYS = [
  ...['total_cpu_time (seconds)', 'total_cpu_memory (MB)', 'execution_time (seconds/batch)', 'num_batches'],
  ...['batch_size', 'device', 'throughput_bps', 'sample_persec', 'result_path', 'data_path'],
  ...['s3_total_time', 's3_avg_time', 's3_min_time', 's3_max_time'],
];

interface Bill {
  readonly run_id: string;
  readonly usd: number;
  readonly items: readonly { readonly service: string; readonly usd: number }[];
}

const partitionOf = ({ partitions }: Pick<RankResult, 'partitions'>) => partitions[0]!;

/** Requests to S3 by the quote of a run of one file a rank, whose model is there. */
function quotedRequests(files: readonly { readonly size: number; readonly samples: number }[]) {
  const plan: RunPlan = {
    ranks: files.map(({ size, samples }) => ({ samples, bytes: size, files: 1 })),
    ...{ batchSize: 8, memoryMb: 3072, ephemeralStorageMb: 512, architecture: 'x86_64' },
    ...{ maxConcurrency: 1000, fmi: false, childType: 'STANDARD' },
  };
  const calibration = { ...DEFAULT_CALIBRATION, failureProbability: 0, coldDownload: { bytes: 0, objects: 0 } };
  const { cost } = quoteRun(plan, calibration, { prices: pricesOf(), runs: 1 });
  const of = (name: string) => cost.items.find(({ service, item }) => service === 'S3' && item === name)?.quantity;
  return { gets: of('GET'), puts: of('PUT'), lists: of('LIST') };
}

describe('cosmicai run', () => {
  it.concurrent('runs the workflow at world size 4 and leaves every file', async () => {
    const run = await workspace.cosmicai([
      'run',
      '--data',
      'parts',
      '--world-size',
      '4',
      '--batch-size',
      '8',
      '--json',
      '--no-report',
    ]);

    expect(run.stderr).not.toContain('Error');
    expect(run.code).toBe(0);
    const { status, summary, ranks, directory } = printedRun(run);
    expect(status).toBe('SUCCEEDED');
    expect(ranks.map(({ rank, samples }) => [rank, samples])).toEqual([0, 1, 2, 3].map((rank) => [rank, 15]));

    const runFolder = join('results', 'runs', summary!.run_id);
    expect(workspace.names('results')).toEqual(
      ['0.json', '1.json', '2.json', '3.json', 'combined_data.json', 'executions', 'runs', 'summary.json'].sort(),
    );
    const combined = workspace.combined('results', 'combined_data.json');
    expect(combined.map(({ rank, samples, data_path }) => [rank, samples, data_path])).toEqual(
      [0, 1, 2, 3].map((rank) => [rank, 15, `${rank + 1}.pt`]),
    );
    for (const [rank, result] of combined.entries()) {
      expect(Object.keys(result)).toEqual(expect.arrayContaining(UPSTREAM_KEYS));
      expect(result).toMatchObject({ batch_size: 8, num_batches: 2, device: 'cpu', result_path: 'results' });
      const sealed = { ...result, seal: expect.stringMatching(/^[0-9a-f]{64}$/) as string };
      expect(JSON.parse(workspace.text('results', `${rank}.json`))).toEqual(sealed);
      expect(JSON.parse(workspace.text(runFolder, `${rank}.json`))).toEqual(sealed);
      const rows = await decodePredictions(readFileSync(workspace.path(runFolder, 'predictions', `${rank}.parquet`)));
      expect(rows.map((row) => [row.rank, row.partition, row.index])).toEqual(
        Array.from({ length: 15 }, (_, index) => [rank, `${rank + 1}.pt`, index]),
      );
    }
    expect(workspace.summary(runFolder, 'summary.json')).toEqual(summary);
    expect(workspace.summary('results', 'summary.json')).toEqual(summary);
    expect(summary).toMatchObject({
      status: 'SUCCEEDED',
      ranks: { planned: 4, succeeded: 4, without_data: 0, failed: 0 },
      samples: 60,
      bits: 60 * 20_520 * 8,
      prediction_scores: { count: 60, excluded: 0 },
    });

    // A quote counts what the run asked of its store, and a GET and two PUTs of Step Functions besides.
    const record = JSON.parse(workspace.text(runFolder, 'run.json')) as RunRecord;
    const { s3 } = s3UsageOf({ record, summary: summary!, results: combined });
    expect({ ...s3, gets: s3.gets! + 1, puts: s3.puts! + 2 }).toEqual(quotedRequests(combined.map(partitionOf)));

    const events = eventsIn(directory);
    expect(events.at(-1)).toMatchObject({ type: 'RunEnded', status: 'SUCCEEDED' });
    const { reports } = parseReportLog(readFileSync(join(directory, 'reports.log'), 'utf8'));
    expect(reports).toHaveLength(6);
  });

  it.concurrent('prints the table of ranks and where everything lies', async () => {
    const run = await workspace.cosmicai(['run', '-d', 'parts', '-n', '2', '-r', 'tables']);

    expect(run.code).toBe(0);
    const lines = run.stdout.split('\n');
    expect(lines[0]).toMatch(/^rank +samples +duration +init +memory +samples\/s +bit\/s +cost$/);
    expect(lines[1]).toMatch(/^ +0 +30 +[\d.]+ m?s +[\d.]+ m?s +\d+ MB +[\d.]+ +[\d.]+ [kMG]bit\/s +[\d.e-]+ USD$/);
    expect(lines[2]).toMatch(/^ +1 +30 /);
    for (const title of ['Wall clock', 'By the slowest rank', 'MAE', 'Bias', 'Precision (NMAD)', 'Total'])
      expect(lines.some((line) => line.startsWith(`${title} `))).toBe(true);
    expect(run.stdout).toContain(workspace.path('tables', 'combined_data.json'));
    const [page] = /\/\S+report\.html$/m.exec(run.stdout)!;
    const html = readFileSync(page, 'utf8');
    expect(html).toMatch(/^<!doctype html>/i);

    // The bill is one, wherever it is shown; the cost in summary.json is that of the ranks' functions.
    const { usd, items, run_id } = JSON.parse(readFileSync(join(dirname(page), 'bill.json'), 'utf8')) as Bill;
    expect(items.reduce((sum, item) => sum + item.usd, 0)).toBeCloseTo(usd, 12);
    expect(new Set(items.map(({ service }) => service))).toEqual(new Set(['Lambda', 'Step Functions', 'S3']));
    const { cost } = workspace.summary('tables', 'summary.json');
    expect(usd).toBeGreaterThan(cost!.usd);
    expect(run.stdout).toMatch(/\n\nBill:\nservice +item/);
    // Printed with three digits.
    expect(Number(/^Total +(\S+)$/m.exec(run.stdout)![1]) / usd).toBeCloseTo(1, 2);
    expect(html).toMatch(/<h2[^>]*>Bill<\/h2>/);
    expect(run_id).toBe(basename(dirname(page)));
    expect(run.stderr.split('\n')).toEqual(expect.arrayContaining(['Initialize', 'Infer', 'Summarize']));
  });

  it.concurrent('counts ranks beyond the number of files as ranks without data, not as failures', async () => {
    const run = await workspace.cosmicai([
      'run',
      '--data',
      'parts',
      '--world-size',
      '6',
      '--results',
      'six',
      '--json',
      '--no-report',
    ]);

    expect(run.code).toBe(0);
    expect(printedRun(run).summary).toMatchObject({
      status: 'SUCCEEDED',
      world_size: 6,
      ranks: { planned: 6, succeeded: 4, without_data: 2, failed: 0 },
      failed_ranks: [],
    });
    expect(workspace.combined('six', 'combined_data.json').map(({ rank }) => rank)).toEqual([0, 1, 2, 3]);
  });

  it.concurrent('lets the ranks meet that a payload file wants to meet, to the same metrics', async () => {
    const fields = {
      'world size': '2',
      'fmi enabled': '1',
      'rendezvous endpoint': 'rendezvous.example.org:10000',
      'max concurrency': '2',
    };
    writeFileSync(workspace.path('meet.json'), JSON.stringify(fields));
    const options = ['meet.json', '--data', 'parts', '--results', 'met', '--json', '--no-report'];
    const run = await workspace.cosmicai(['run', ...options]);

    expect(run.code).toBe(0);
    expect(run.stderr).toContain('through a server on this machine, not rendezvous.example.org:10000');
    const { summary, directory } = printedRun(run);
    expect(summary).toMatchObject({ status: 'SUCCEEDED', samples: 60, warnings: [] });
    const entered = eventsIn(directory).flatMap((event) =>
      event.type === 'StateEntered' && event.in === undefined ? [event.state] : [],
    );
    expect(entered).toContain('CheckRendezvous');
    const file = join('met', 'runs', summary!.run_id, 'fmi.json');
    const met = parseJsonAs(fmiReportSchema, workspace.text(file), file);
    expect(met.links).toEqual({ direct: 1, relay: 0, encrypted: 0 });
    expect(met.ranks.map(({ rank, links }) => [rank, links.map(({ to, channel }) => [to, channel])])).toEqual([
      [0, [[1, 'direct']]],
      [1, [[0, 'direct']]],
    ]);
    expect(met.prediction_scores.count).toBe(60);
    expect(met.prediction_scores.mae).toBeCloseTo(summary!.prediction_scores.mae!, 12);

    const status = await workspace.cosmicai(['status', 'met', summary!.run_id]);
    expect(status.stdout).toMatch(/^Met over FMI +2 ranks, links 1 direct, not encrypted; /m);
  });

  it.concurrent('predicts the same with one rank as with four', async () => {
    const predictions = async (worldSize: number) => {
      const results = `world-${worldSize}`;
      const options = [
        '--data',
        'parts',
        '--world-size',
        String(worldSize),
        '--results',
        results,
        '--json',
        '--no-report',
      ];
      const run = await workspace.cosmicai(['run', ...options]);
      expect(run.code).toBe(0);
      const { run_id: runId, prediction_scores: scores } = printedRun(run).summary!;
      const files = Array.from({ length: worldSize }, (_, rank) =>
        readFileSync(workspace.path(results, 'runs', runId, 'predictions', `${rank}.parquet`)),
      );
      const rows = (await Promise.all(files.map(decodePredictions))).flat();
      return { scores, rows: rows.map(({ rank: _, ...row }) => row) };
    };
    const [one, four] = [await predictions(1), await predictions(4)];
    expect(one.rows).toHaveLength(60);
    expect(one.rows).toEqual(four.rows);
    expect(one.scores.mae).toBeCloseTo(four.scores.mae!, 12);
    expect(one.scores.precision).toBe(four.scores.precision);
  });
});

describe('runs that share a result_path', () => {
  it.concurrent('keeps two runs at once apart, and counts no rank of an earlier, larger run', async () => {
    await workspace.survey('other', { count: 14, files: 2, seed: 2 });
    const larger = await workspace.cosmicai([
      'run',
      '--data',
      'parts',
      '--world-size',
      '4',
      '--results',
      'shared',
      '--json',
      '--no-report',
    ]);
    expect(larger.code).toBe(0);

    const runs = await Promise.all([
      workspace.cosmicai([
        'run',
        '--data',
        'parts',
        '--world-size',
        '3',
        '--results',
        'shared',
        '--json',
        '--no-report',
      ]),
      workspace.cosmicai([
        'run',
        '--data',
        'other',
        '--world-size',
        '2',
        '--results',
        'shared',
        '--json',
        '--no-report',
      ]),
    ]);

    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    const [parts, other] = runs.map((run) => printedRun(run).summary!);
    expect(parts).toMatchObject({ world_size: 3, samples: 60, ranks: { planned: 3, succeeded: 3 } });
    expect(other).toMatchObject({ world_size: 2, samples: 14, ranks: { planned: 2, succeeded: 2 } });
    expect(workspace.names('shared', 'runs')).toEqual(
      [printedRun(larger).summary!.run_id, parts!.run_id, other!.run_id].sort(),
    );
    for (const { run_id: runId, samples } of [parts!, other!]) {
      const combined = workspace.combined('shared', 'runs', runId, 'combined_data.json');
      expect(combined.map(({ run_id: of }) => of)).toEqual(combined.map(() => runId));
      expect(combined.reduce((sum, result) => sum + result.samples, 0)).toBe(samples);
    }
    const published = workspace.combined('shared', 'combined_data.json');
    expect(new Set(published.map(({ run_id: of }) => of)).size).toBe(1);
    expect([2, 3]).toContain(published.length);
    // All that is published is of that run, though an earlier one had more ranks.
    const ranks = workspace.names('shared').filter((name) => /^\d+\.json$/.test(name));
    expect(ranks).toEqual(published.map((_, rank) => `${rank}.json`));
    const [{ run_id: last } = { run_id: '' }] = published;
    for (const name of [...ranks, 'summary.json'])
      expect(JSON.parse(workspace.text('shared', name))).toMatchObject({ run_id: last });
  });
});
