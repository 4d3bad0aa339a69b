import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoModel } from '@cosmicai/demo-model';
import { UserInputError } from '@cosmicai/payload';
import { openPlace, verifyRun } from '@cosmicai/runs';
import { openFunctions, runRank, summarizeRun, type Functions } from '../src/index.ts';
import { plannedRun } from './support/made-run.ts';
import { runOnSpot } from './support/spot-scheduler.ts';

let folder: string;
let functions: Functions;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-spot-'));
  functions = await openFunctions({ model: demoModel(), concurrency: 2 });
});
afterAll(async () => {
  await functions.close();
  await rm(folder, { recursive: true });
});

const { signal } = new AbortController();

it('predicts every galaxy once on capacity that is taken away, whatever is delivered twice', async () => {
  const galaxies = 98;
  const { place, ranks } = await plannedRun(folder, galaxies, functions);
  expect(ranks).toBe(20);

  const spot = await runOnSpot({ place, tasks: ranks, atOnce: 2, functions, killed: 0.1, twice: 0.2 });
  expect(spot.kills).toBeGreaterThan(0);
  expect(spot.foundDone).toBeGreaterThan(0);
  const { summary, error } = await summarizeRun(place, functions, signal);
  expect([error, summary.status, summary.samples]).toEqual([null, 'SUCCEEDED', galaxies]);
  expect(summary.proof).toMatchObject({ galaxies, galaxies_planned: galaxies, problems: [] });
  const { findings } = await verifyRun({
    place,
    openData: ({ DATA_BUCKET }) => openPlace(place, DATA_BUCKET),
    modelSha256: () => Promise.resolve(undefined),
  });
  expect(findings).toEqual([]);

  await expect(runRank({ place, index: ranks, functions, signal })).rejects.toThrow(UserInputError);
});
