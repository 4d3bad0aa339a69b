import { join } from 'node:path';
import { checkModel } from '@cosmicai/local';
import { initializeAnswerSchema, parseAs, type RunPayload, type RunReference } from '@cosmicai/payload';
import { beginFile, makeNamedFolder, pathAt, type MadeFolder } from '@cosmicai/store';
import type { Functions } from './functions.ts';

export interface PlanOptions {
  readonly payload: RunPayload;
  /** Absolute path; ranks must find the same model. */
  readonly model: string;
  readonly store?: string | undefined;
  readonly functions: Functions;
  readonly signal: AbortSignal;
}

export interface PlannedRun {
  readonly run: RunReference;
  readonly warnings: readonly string[];
}

/**
 * Plans a run whose ranks others will schedule: writes its record, its manifest and its items, and starts nothing.
 *
 * @throws UserInputError when the payload is wrong, the model can't be used, or there is nothing to read
 */
export async function planRun({ payload, model, store, functions, signal }: PlanOptions): Promise<PlannedRun> {
  const { sha256 } = await checkModel(payload, model, store);
  const made = await placeForRuns(payload);
  const input: RunPayload = { ...payload, model_sha256: payload.model_sha256 ?? sha256, fmi_enabled: false };
  try {
    const answer = parseAs(initializeAnswerSchema, await functions.call('init', input, signal), 'answer of Initialize');
    return { run: answer.run, warnings: answer.warnings };
  } catch (error) {
    await made?.abandon();
    throw error;
  }
}

/** Tries whether a run can be written where results are to lie, on this machine. @throws UserInputError when none can */
async function placeForRuns({
  bucket,
  result_path: path,
}: Pick<RunPayload, 'bucket' | 'result_path'>): Promise<MadeFolder | undefined> {
  const folder = pathAt(bucket);
  if (folder === undefined) return undefined;
  const runs = join(folder, path, 'runs');
  const made = await makeNamedFolder(runs, 'Results');
  try {
    await (await beginFile(join(runs, 'run'), 'Results')).abandon();
  } catch (error) {
    await made.abandon();
    throw error;
  }
  return made;
}
