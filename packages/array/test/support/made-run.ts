import { demoModel } from '@cosmicai/demo-model';
import { composePayload } from '@cosmicai/engine';
import { placeOfRun, type RunPlace } from '@cosmicai/runs';
import { fileStore } from '@cosmicai/store';
import { writeSurvey } from '@cosmicai/survey';
import { planRun, type Functions } from '../../src/index.ts';

/** Bytes of a partition of about five galaxies. */
const PARTITION_BYTES = 105_000;

/** Simulates partitions of a few galaxies and plans a run with a rank for each. */
export async function plannedRun(
  folder: string,
  galaxies: number,
  functions: Functions,
): Promise<{ readonly place: RunPlace; readonly ranks: number }> {
  await writeSurvey(fileStore(folder), 'data', { count: galaxies, partitionBytes: PARTITION_BYTES, seed: 7 });
  const { payload } = composePayload({}, { data: `${folder}/data`, results: `${folder}/results` }, folder);
  const { signal } = new AbortController();
  const { run } = await planRun({ payload, model: demoModel(), functions, signal });
  return { place: placeOfRun(run), ranks: run.world_size };
}
