import type { Calibration } from '@cosmicai/quote';
import { parseJsonAs, rankResultSchema } from '@cosmicai/payload';
import { openStore, resultsLocation, type StoreAccess } from '@cosmicai/store';
import { z } from 'zod';
import { findExecution } from '../execution/find-execution.ts';
import { calibrationOfRanks } from './frontier-of-run.ts';

/**
 * How the ranks of a results folder's newest run behaved: rates, spread, stragglers and memory by their own results, cold
 * starts by the REPORT lines of its execution where that is known.
 *
 * @param results folder or address, as the user names it
 * @param cwd against which it is named
 * @throws UserInputError when there are no results that tell
 */
export async function calibrationOfRun(results: string, cwd: string, access: StoreAccess): Promise<Calibration> {
  const { bucket, resultPath } = resultsLocation(results, cwd);
  const key = `${resultPath}/combined_data.json`;
  const ranks = parseJsonAs(z.array(rankResultSchema), (await openStore(bucket, { access }).get(key)).toString(), key);
  const runId = ranks[0]?.run_id ?? null;
  const execution = runId === null ? undefined : await findExecution({ bucket, resultPath, runId, access }, cwd);
  return calibrationOfRanks(ranks, execution, `the ranks of ${bucket}/${key}`);
}
