import {
  manifestSchema,
  parseJsonAs,
  runRecordSchema,
  type Manifest,
  type RunLayout,
  type RunRecord,
} from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

/** A run as it was asked for, and what each of its ranks has to do. */
export interface Plan {
  readonly record: RunRecord;
  readonly manifest: Manifest;
}

/**
 * Reads `run.json` and `manifest.json`.
 *
 * @throws NotFoundError, InvalidInputError
 */
export async function readPlan(store: ObjectStore, layout: Pick<RunLayout, 'run' | 'manifest'>): Promise<Plan> {
  const read = async (key: string) => (await store.get(key)).toString();
  return {
    record: parseJsonAs(runRecordSchema, await read(layout.run), layout.run),
    manifest: parseJsonAs(manifestSchema, await read(layout.manifest), layout.manifest),
  };
}
