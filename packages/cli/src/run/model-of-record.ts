import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelFetcher, modelFilesAt, readModelBytes } from '@cosmicai/inference';
import { UserInputError, type RunRecord } from '@cosmicai/payload';
import { localPath, type ObjectStore } from '@cosmicai/store';
import { keptOptions } from './kept-options.ts';

/** SHA-256 of a run's model as it lies there now; undefined where nobody can say where, or no model is there. */
export async function modelOfRecord(
  { run, payload }: RunRecord,
  execution: string | undefined,
  openStore: (bucket: string) => ObjectStore,
): Promise<string | undefined> {
  const { model } = payload;
  if (typeof model !== 'string') return await modelAt(execution && keptOptions(execution).model);
  if (model.startsWith('file://')) return await modelAt(localPath(model));
  const folder = await mkdtemp(join(tmpdir(), 'cosmicai-verify-'));
  try {
    return await modelAt((await new ModelFetcher(folder, openStore).fetch(model, run.bucket)).path);
  } catch (error) {
    if (error instanceof UserInputError) return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function modelAt(path: string | undefined): Promise<string | undefined> {
  if (path === undefined || !existsSync(path)) return undefined;
  const weights = await modelFilesAt(path).then(
    (files) => files.weights,
    (error: unknown) => {
      // Of a file that is no model any more the bytes themselves tell that much.
      if (error instanceof UserInputError) return [];
      throw error;
    },
  );
  return (await readModelBytes(path, weights)).sha256;
}
