import { existsSync } from 'node:fs';
import { uploadModel, type UploadedModel } from '@cosmicai/inference';
import { DEFAULT_MAX_CONCURRENCY } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { stageModel } from './stage-model.ts';
import type { StageOptions } from './stage-options.ts';

/** Sizes that payloads name as `data_size`. */
const SIZES = ['small', 'medium', 'large'];

export interface LaidOut {
  /** Key of the sample payload. */
  readonly payload: string;
  /** Undefined: the stage names no model, or it isn't there. */
  readonly model: UploadedModel | undefined;
}

/**
 * Makes the folders that users know and puts the model and a sample payload there. What exists stays as it is, but for the files
 * of a model that has changed.
 *
 * @param atOnce ranks that the account runs at once; undefined: not known
 */
export async function layOutBucket(
  store: ObjectStore,
  bucket: string,
  options: StageOptions,
  atOnce?: number,
): Promise<LaidOut> {
  const folders = ['configs/', ...SIZES.map((size) => `datasets/${size}/`), ...foldersOf(options.prefixes.results)];
  for (const folder of [...folders, ...foldersOf(options.prefixes.models)]) await store.putIfAbsent(folder, '');
  const model = await bringModel(store, options);
  const payload = 'configs/payload.json';
  await store.putIfAbsent(payload, `${JSON.stringify(samplePayload(bucket, model?.key, atOnce), null, 2)}\n`);
  return { payload, model };
}

function foldersOf(prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => `${prefix}/`);
}

/** A payload in the users' own shape: edit world_size, batch_size and result_path, and go. */
function samplePayload(bucket: string, model: string | undefined, atOnce = DEFAULT_MAX_CONCURRENCY): object {
  return {
    bucket,
    data_prefix: 'datasets',
    data_size: 'small',
    world_size: 4,
    batch_size: 128,
    result_path: 'results/first-run',
    fmi_enabled: false,
    // Ranks beyond it take turns instead of being throttled.
    ...(atOnce < DEFAULT_MAX_CONCURRENCY && { max_concurrency: atOnce }),
    ...(model !== undefined && { model }),
  };
}

async function bringModel(
  store: ObjectStore,
  { inference, prefixes }: StageOptions,
): Promise<UploadedModel | undefined> {
  const path = stageModel(inference.model);
  const [folder] = prefixes.models;
  if (path === undefined || folder === undefined || !existsSync(path)) return undefined;
  return await uploadModel(path, store, folder);
}
