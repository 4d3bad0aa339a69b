import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { recordText, type Finding, type RunPlace } from '@cosmicai/runs';
import { fileStore } from '@cosmicai/store';
import { mendingOf } from '../src/index.ts';

let folder: string;
let place: RunPlace;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-mending-'));
  place = { bucket: pathToFileURL(folder).href, resultPath: 'out', runId: 'run' };
});
afterEach(() => rm(folder, { recursive: true }));

const damaged = (rank: number): Finding => ({ what: `${rank}.json`, problem: 'is gone', mend: 'resume', rank });

async function givenRecord(resultPath: string): Promise<void> {
  const text = recordText({
    run: {
      ...{ run_id: 'run', bucket: place.bucket, result_path: resultPath, manifest_key: 'm', map_prefix: 'p' },
      ...{ world_size: 9, ranks_with_data: 9, max_concurrency: 9, tolerated_failure_percentage: 0 },
      ...{ fmi_enabled: false, rendezvous_endpoint: null },
    },
    ...{ created_at: '2026-03-04T05:06:07.000Z', payload: {}, warnings: [], partitions: { files: 9, bytes: 9 } },
  });
  await fileStore(folder).put('out/runs/run/run.json', text);
}

it('goes on with the execution that lies beside the run', async () => {
  await givenRecord('out');
  const [line] = await mendingOf([damaged(1)], place, '/r/executions/e');
  expect(line).toMatch(/with: cosmicai run --resume \/r\/executions\/e$/);
});

it.each([
  ['a run without one', 'out', undefined],
  ['a copy', 'elsewhere', '/r/executions/e'],
])('runs the ranks one by one of %s', async (_, plannedAt, execution) => {
  await givenRecord(plannedAt);
  const run = `${folder}/out/runs/run`;
  expect(await mendingOf([5, 1, 3, 2].map(damaged), place, execution)).toEqual([
    'Ranks without a whole result run again with:',
    ...[1, 2, 3].map((rank) => `  cosmicai rank --manifest ${run} --index ${rank}`),
    '  … and 1 more',
    `Then all are combined anew with: cosmicai summarize ${run}`,
  ]);
  const summary: Finding = { what: 'summary.json', problem: 'is gone', mend: 'resume' };
  expect(await mendingOf([summary], place, execution)).toEqual([
    `All are combined anew with: cosmicai summarize ${run}`,
  ]);
});
