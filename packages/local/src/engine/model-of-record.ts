import { modelNamed, modelOnDisk, readModel, type ModelSource } from '@cosmicai/inference';
import { UserInputError, type RunRecord } from '@cosmicai/payload';
import { sha256Of, type ObjectStore } from '@cosmicai/store';
import { keptSettings } from './settings.ts';

/** SHA-256 of a run's model as it lies there now; undefined where nobody can say where, or no model is there. */
export async function modelOfRecord(
  record: RunRecord,
  execution: string | undefined,
  openStore: (bucket: string) => ObjectStore,
): Promise<string | undefined> {
  const source = sourceOf(record, execution, openStore);
  const graph = await source?.find(source.graph);
  if (source === undefined || graph === undefined) return undefined;
  try {
    return (await readModel(source, graph)).sha256;
  } catch (error) {
    // Of a file that is not a model any more the bytes themselves tell that much.
    if (error instanceof UserInputError) return sha256Of(await graph.read());
    throw error;
  }
}

function sourceOf(
  { run, payload: { model } }: RunRecord,
  execution: string | undefined,
  openStore: (bucket: string) => ObjectStore,
): ModelSource | undefined {
  if (typeof model !== 'string') {
    const path = execution === undefined ? undefined : keptSettings(execution).model;
    return path === undefined ? undefined : modelOnDisk(path);
  }
  return modelNamed(model, run.bucket, openStore);
}
