import {
  jsonValue,
  manifestSchema,
  parseAs,
  parseJsonAs,
  runRecordSchema,
  type JsonObject,
  type Manifest,
  type RunLayout,
  type RunRecord,
} from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { z } from 'zod';

/** A run as it was asked for, and what each of its ranks has to do. */
export interface Plan {
  readonly record: RunRecord;
  readonly manifest: Manifest;
}

/** The tasks of a run as they lie in its manifest, which is how functions get them, and as they are understood. */
export interface PlannedItems {
  readonly items: readonly JsonObject[];
  readonly manifest: Manifest;
}

const itemsSchema = z.array(z.record(z.string(), jsonValue));

/** @throws NotFoundError, InvalidInputError */
export async function readItems(store: ObjectStore, key: string): Promise<PlannedItems> {
  const items = parseJsonAs(itemsSchema, (await store.get(key)).toString(), key);
  return { items, manifest: parseAs(manifestSchema, items, key) };
}

/** @throws NotFoundError, InvalidInputError */
export async function readRecord(store: ObjectStore, { run }: Pick<RunLayout, 'run'>): Promise<RunRecord> {
  return parseJsonAs(runRecordSchema, (await store.get(run)).toString(), run);
}

/**
 * Reads `run.json` and `manifest.json`.
 *
 * @throws NotFoundError, InvalidInputError
 */
export async function readPlan(store: ObjectStore, layout: Pick<RunLayout, 'run' | 'manifest'>): Promise<Plan> {
  return {
    record: await readRecord(store, layout),
    manifest: parseJsonAs(manifestSchema, (await store.get(layout.manifest)).toString(), layout.manifest),
  };
}
