import { existsSync } from 'node:fs';
import { describeOnnxFile, readModelBytes } from '@cosmicai/inference';
import { UserInputError, type RunRecord } from '@cosmicai/payload';
import { hashObject, localPath, NotFoundError, parseAddress, type ObjectStore } from '@cosmicai/store';
import { keptOptions } from './kept-options.ts';

/** SHA-256 of a run's model as it lies there now; undefined where nobody can say where, or it is there no more. */
export async function modelOfRecord(
  { run, payload }: RunRecord,
  execution: string | undefined,
  openStore: (bucket: string) => ObjectStore,
): Promise<string | undefined> {
  const { model } = payload;
  if (typeof model === 'string' && !model.startsWith('file://')) {
    const { store, key } = model.includes('://') ? parseAddress(model) : { store: run.bucket, key: model };
    return await hashObject(openStore(store), key).catch(ifMissing);
  }
  const path = typeof model === 'string' ? localPath(model) : execution && keptOptions(execution).model;
  if (path === undefined) return undefined;
  if (!existsSync(path)) return undefined;
  return (await readModelBytes(path, externalFiles(path), path)).sha256;
}

/** None of a file that is no model any more: its own bytes tell that much. */
function externalFiles(path: string): readonly string[] {
  try {
    return describeOnnxFile(path, path).externalFiles;
  } catch (error) {
    if (error instanceof UserInputError) return [];
    throw error;
  }
}

function ifMissing(error: unknown): undefined {
  if (error instanceof NotFoundError) return undefined;
  throw error;
}
