import { jest } from '@jest/globals';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchReportSchema, type BenchRun } from '@cosmicai/bench';
import { BITS_PER_SAMPLE, costOfRun, pricesOf } from '@cosmicai/metrics';
import { parseJsonAs, parseReportLog, runRecordSchema } from '@cosmicai/payload';
import { s3UsageOf } from '@cosmicai/runs/gather';
import { Workspace } from './support/workspace.ts';

// A sweep is several whole runs; on a busy machine each takes seconds.
jest.setTimeout(240_000);

let workspace: Workspace;
beforeAll(() => {
  workspace = new Workspace();
});
afterAll(() => workspace.remove());

const SWEEP = [
  'bench',
  '--world-sizes',
  '1,2',
  '--batch-sizes',
  '8',
  '--repeat',
  '2',
  '--count',
  '60',
  '--partition-sizes',
  '400KB',
  '--out',
  'sweep',
];
const rows = () => parseJsonAs(benchReportSchema, workspace.text('sweep', 'bench.json'), 'bench.json').runs;

describe('cosmicai bench', () => {
  it('sweeps, tells cold from warm starts, and has every figure from the raw files', async () => {
    const end = await workspace.cosmicai(SWEEP);

    expect(end.stderr).not.toContain('Error');
    expect(end.code).toBe(0);
    expect(
      rows()
        .map(({ world_size, batch_size, repeat, status }) => `${world_size} ${batch_size} ${repeat} ${status}`)
        .sort(),
    ).toEqual(['1 8 1 SUCCEEDED', '1 8 2 SUCCEEDED', '2 8 1 SUCCEEDED', '2 8 2 SUCCEEDED']);
    expect(
      rows()
        .filter(({ repeat }) => repeat === 1)
        .map(({ start }) => start),
    ).toEqual(['cold', 'cold']);
    for (const row of rows()) expect(row).toEqual({ ...row, ...recomputed(row) });
    const [head, ...lines] = workspace.text('sweep', 'performance_table.csv').trim().split('\n');
    expect(head).toContain('world_size,batch_size');
    expect(lines).toHaveLength(4);
    expect(JSON.parse(workspace.text('sweep', 'performance_analysis.json'))).toMatchObject({ runs: 4, succeeded: 4 });
    expect(workspace.text('sweep', 'report.html')).toContain('<!doctype html>');
  });

  it('goes on where it was, and counts what it did before', async () => {
    const before = rows();

    const end = await workspace.cosmicai([...SWEEP, '--world-sizes', '1,2,4', '--json']);

    expect(end.code).toBe(0);
    expect(end.stderr.match(/kept, SUCCEEDED/g)).toHaveLength(4);
    expect(rows()).toHaveLength(6);
    expect(rows()).toEqual(expect.arrayContaining(before));
    writeFileSync(workspace.path('printed.json'), end.stdout);
    const [printed, folder] = await Promise.all([
      workspace.inProcess(['report', 'printed.json', '--json', '-o', 'printed.html']),
      workspace.inProcess(['report', 'sweep', '--json', '-o', 'folder.html']),
    ]);
    expect(JSON.parse(printed.stdout)).toEqual(JSON.parse(end.stdout));
    expect(JSON.parse(folder.stdout)).toMatchObject({ runs: rows() });
  });

  it('records what could not run, and goes on', async () => {
    const end = await workspace.cosmicai([
      'bench',
      '--world-sizes',
      '1',
      '--batch-sizes',
      '8,16',
      '--repeat',
      '1',
      '--count',
      '8',
      '--memory',
      '128',
      '--out',
      'tight',
    ]);

    expect(end.code).toBe(1);
    const { runs } = parseJsonAs(benchReportSchema, workspace.text('tight', 'bench.json'), 'bench.json');
    expect(runs.map(({ status }) => status)).toEqual(['OUT_OF_MEMORY', 'OUT_OF_MEMORY']);
    expect(runs[0]!.error).toMatch(/memory/i);
  });
});

/** The row's figures worked out again from the ranks' own files, the summary's times and the REPORT lines. */
function recomputed(row: BenchRun): Partial<BenchRun> {
  const folder = ['sweep', 'results', 'runs', row.run_id!];
  const results = Array.from(
    { length: row.world_size },
    (_, rank) =>
      JSON.parse(workspace.text(...folder, `${rank}.json`)) as { samples: number; timing: { total: number } },
  );
  const record = parseJsonAs(runRecordSchema, workspace.text(...folder, 'run.json'), 'run.json');
  const summary = workspace.summary(...folder, 'summary.json');
  const { created_at, finished_at } = summary;
  const { s3 } = s3UsageOf({ record, summary, results: workspace.combined(...folder, 'combined_data.json') });
  const samples = results.reduce((sum, result) => sum + result.samples, 0);
  const duration = (Date.parse(finished_at) - Date.parse(created_at)) / 1000;
  const execution = executionOf(row.run_id!);
  const { reports } = parseReportLog(readFileSync(join(execution, 'reports.log'), 'utf8'));
  const events = readFileSync(join(execution, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  const lambda = reports.map((report) => ({
    name: '',
    architecture: process.arch === 'arm64' ? ('arm64' as const) : ('x86_64' as const),
    memoryMb: report.memorySizeMb,
    ephemeralStorageMb: 512,
    requests: 1,
    billedSeconds: report.billedDurationMs / 1000,
  }));
  const standardTransitions = events.filter(({ type }) => type === 'StateEntered' || type === 'StateRetried').length;
  return {
    samples,
    duration_seconds: duration,
    slowest_rank_seconds: Math.max(...results.map((result) => result.timing.total)),
    throughput_rps: samples / duration,
    throughput_bps: (samples * BITS_PER_SAMPLE) / duration,
    cost_usd: expect.closeTo(
      costOfRun({ lambda, stepFunctions: { standardTransitions }, s3 }, pricesOf()).usd,
      9,
    ) as number,
  };
}

function executionOf(runId: string): string {
  const folder = workspace.path('sweep', 'results', 'executions');
  const name = readdirSync(folder).find((each) =>
    readFileSync(join(folder, each, 'events.jsonl'), 'utf8').includes(runId),
  );
  return join(folder, name!);
}
