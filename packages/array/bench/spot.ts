/**
 * Runs an array of 200 tasks on a scheduler that kills 10 % of them and delivers 10 % twice, and proves what was predicted. Prints JSON.
 *
 * node packages/array/bench/spot.ts [galaxies] > spot.json
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoModel } from '@cosmicai/demo-model';
import { openPlace, verifyRun } from '@cosmicai/runs';
import { openFunctions, summarizeRun } from '../src/index.ts';
import { plannedRun } from '../test/support/made-run.ts';
import { runOnSpot } from '../test/support/spot-scheduler.ts';

const galaxies = Number(process.argv[2] ?? 1000);
const folder = await mkdtemp(join(tmpdir(), 'cosmicai-spot-'));
const functions = await openFunctions({ model: demoModel(), concurrency: 2 });
try {
  const { place, ranks } = await plannedRun(folder, galaxies, functions);
  const { outcomes, ...spot } = await runOnSpot({
    ...{ place, tasks: ranks, atOnce: 2, functions },
    ...{ killed: 0.1, twice: 0.1 },
  });
  const { summary } = await summarizeRun(place, functions, new AbortController().signal);
  const { findings } = await verifyRun({
    place,
    openData: ({ DATA_BUCKET }) => openPlace(place, DATA_BUCKET),
    modelSha256: () => Promise.resolve(undefined),
  });
  const { status, proof } = summary;
  const result = { galaxies, ranks, deliveries: outcomes.length + spot.kills, ...spot, status, proof, findings };
  process.stdout.write(`${JSON.stringify(result, null, 1)}\n`);
} finally {
  await functions.close();
  await rm(folder, { recursive: true });
}
