import { createReadStream, existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ObjectStore } from '../../packages/store/src/index.ts';
import { root, type StageOptions } from './stage-options.ts';

/** Sizes that payloads name as `data_size`. */
const SIZES = ['small', 'medium', 'large'];

/**
 * Makes the folders that users know and puts the model and a sample payload there. What exists stays as it is, but for a
 * model of another size.
 *
 * @returns the key of the sample payload
 */
export async function layOutBucket(store: ObjectStore, bucket: string, options: StageOptions): Promise<string> {
  const folders = ['configs/', ...SIZES.map((size) => `datasets/${size}/`), ...foldersOf(options.prefixes.results)];
  for (const folder of [...folders, ...foldersOf(options.prefixes.models)]) await store.putIfAbsent(folder, '');
  const model = await uploadModel(store, options);
  const key = 'configs/payload.json';
  await store.putIfAbsent(key, `${JSON.stringify(samplePayload(bucket, model), null, 2)}\n`);
  return key;
}

function foldersOf(prefixes: readonly string[]): string[] {
  return prefixes.map((prefix) => `${prefix}/`);
}

/** A payload in the users' own shape: edit world_size, batch_size and result_path, and go. */
function samplePayload(bucket: string, model: string | undefined): object {
  return {
    bucket,
    data_prefix: 'datasets',
    data_size: 'small',
    world_size: 4,
    batch_size: 128,
    result_path: 'results/first-run',
    fmi_enabled: false,
    ...(model !== undefined && { model }),
  };
}

async function uploadModel(store: ObjectStore, { inference, prefixes }: StageOptions): Promise<string | undefined> {
  const path = join(root, inference.model);
  const [folder] = prefixes.models;
  if (inference.model === '' || folder === undefined || !existsSync(path)) return undefined;
  const key = `${folder}/${basename(path)}`;
  const { size } = await stat(path);
  if ((await store.head(key))?.size !== size) await store.put(key, createReadStream(path));
  return key;
}
