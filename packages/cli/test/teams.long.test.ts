import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { printedRun, Workspace } from './support/workspace.ts';

const TEAM_BUCKET = 'team2-cosmical-7078ea12';
const UPSTREAM_BUCKET = 'cosmicai-data';

/** The teams' own definitions; each names its functions in its own way. */
const definitionOf = (team: 'a' | 'c') =>
  fileURLToPath(new URL(`../../local/test/fixtures/team-${team}.asl.json`, import.meta.url));

/** The payloads in use, as they are sent, without FMI, for which a rendezvous server would have to answer. */
const PAYLOADS = {
  'Team A, every field': {
    bucket: TEAM_BUCKET,
    file_limit: '1000',
    object_type: 'batch_json',
    script: '/tmp/cosmic_inference_workflow',
    data_bucket: TEAM_BUCKET,
    data_prefix: 'datasets',
    rendezvous_endpoint: 'rendezvous.uva-ds5110.com:10000',
    unique_id: '7078ea12',
    test_mode: true,
    fmi_enabled: false,
    data_size: 'medium',
    batch_size: 128,
    world_size: 4,
    S3_object_name: 'batch_2.json',
    result_path: 'results/test_20_ws4_bs128',
    data_map: { 0: null, 1: null, 2: null, 3: null },
  },
  'Team A, minimal': {
    bucket: TEAM_BUCKET,
    world_size: 4,
    batch_size: 128,
    data_prefix: 'datasets',
    rendezvous_endpoint: 'rendezvous.uva-ds5110.com:10000',
    fmi_enabled: false,
    data_map: { 0: null, 1: null, 2: null, 3: null },
  },
  'Team A, rendezvous step': {
    world_size: 4,
    batch_size: 128,
    data_size: 'medium',
    S3_object_name: 'batch_4.json',
    bucket: TEAM_BUCKET,
    rendezvous_endpoint: 'rendezvous.uva-ds5110.com:10000',
    unique_id: '7078ea12',
    result_path: 'results/world_4',
  },
  'Teams B and C, upstream': {
    bucket: UPSTREAM_BUCKET,
    file_limit: '90',
    batch_size: 512,
    object_type: 'folder',
    S3_object_name: 'Anomaly Detection',
    script: '/tmp/Anomaly Detection/Inference/inference.py',
    result_path: 'scaling/result-partition-100MB/9GB/2',
    'data bucket': UPSTREAM_BUCKET,
    data_prefix: '100MB',
  },
} as const;

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await workspace.survey(`buckets/${TEAM_BUCKET}/datasets/medium`, { count: 20 });
  await workspace.survey(`buckets/${UPSTREAM_BUCKET}/100MB`, { count: 20 });
  mkdirSync(workspace.path('payloads'));
  writeFileSync(
    workspace.path('functions.yml'),
    [
      'data-parallel-init: init',
      'arn:aws:lambda:us-east-1:123456789012:function:cosmic-init: init',
      'cosmic-executor: infer',
      'resultSummary: summarize',
    ].join('\n'),
  );
});
afterAll(() => workspace.remove());

/** What differs between two runs of the same work: times, rates, memory, and the run's own id. */
const OF_THE_RUN =
  /time|second|_bps$|_persec$|memory|peak_rss|run_id|predictions_|hashes_file|names_file|reduction_file|started_at|timing/i;

function withoutMeasurements(result: object): object {
  return Object.fromEntries(Object.entries(result).filter(([name]) => !OF_THE_RUN.test(name)));
}

/** Runs a payload by our definition or a team's and reads the combined data of that very run. */
async function combinedBy(shape: keyof typeof PAYLOADS, team?: 'a' | 'c') {
  const payload = PAYLOADS[shape];
  const file = workspace.path('payloads', `${shape} ${team ?? 'ours'}.json`);
  writeFileSync(file, JSON.stringify(payload));
  const definition = team === undefined ? [] : ['--definition', definitionOf(team), '--functions', 'functions.yml'];
  const run = await workspace.cosmicai([
    ...['run', file, '--store', `file://${workspace.path('buckets')}`, '--concurrency', '1', '--json', '--no-report'],
    ...definition,
  ]);
  expect(run.stderr).not.toContain('The run failed');
  expect(run.code).toBe(0);
  const { run_id: runId, result_path: resultPath } = printedRun(run).summary!;
  return workspace.combined('buckets', payload.bucket, resultPath, 'runs', runId, 'combined_data.json');
}

describe("the users' payloads and state machines", () => {
  it.each([
    ['Team A, every field', 'results/test_20_ws4_bs128', 'datasets/medium', 128],
    ['Team A, minimal', 'results', 'datasets/medium', 128],
    ['Team A, rendezvous step', 'results/world_4', 'datasets/medium', 128],
    ['Teams B and C, upstream', 'scaling/result-partition-100MB/9GB/2', '100MB', 512],
  ] as const)(
    'runs "%s" by all three definitions to the same combined data',
    async (shape, resultPath, folder, batchSize) => {
      const [ours, ...teams] = await Promise.all([combinedBy(shape), combinedBy(shape, 'a'), combinedBy(shape, 'c')]);
      expect(ours.map(({ rank, data_path, batch_size }) => ({ rank, data_path, batch_size }))).toEqual(
        [0, 1, 2, 3].map((rank) => ({ rank, data_path: `${folder}/${rank + 1}.pt`, batch_size: batchSize })),
      );
      for (const theirs of teams) {
        expect(theirs.map((result) => Object.keys(result))).toEqual(ours.map((result) => Object.keys(result)));
        expect(theirs.map(withoutMeasurements)).toEqual(ours.map(withoutMeasurements));
      }
      // Where the users' notebooks look for them: those of one of the three.
      const published = workspace.combined('buckets', PAYLOADS[shape].bucket, resultPath, 'combined_data.json');
      expect(published.map(withoutMeasurements)).toEqual(ours.map(withoutMeasurements));
    },
  );
});
