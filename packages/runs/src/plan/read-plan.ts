import {
  jsonValue,
  manifestSchema,
  parseAs,
  parseJsonAs,
  rankReferenceSchema,
  UserInputError,
  runRecordSchema,
  type JsonObject,
  type Manifest,
  type RunLayout,
  type RunRecord,
} from '@cosmicai/payload';
import { getIfThere, type ObjectStore } from '@cosmicai/store';
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

/**
 * What the Map of a run gets: references to its tasks, by rank. Undefined where the run has none, as one of an earlier version.
 *
 * @throws InvalidInputError
 */
export async function readReferences(
  store: ObjectStore,
  { items: key }: Pick<RunLayout, 'items'>,
): Promise<ReadonlyMap<number, JsonObject> | undefined> {
  const text = await getIfThere(store, key);
  if (text === undefined) return undefined;
  const references = parseJsonAs(itemsSchema, text.toString(), key);
  return new Map(references.map((reference) => [parseAs(rankReferenceSchema, reference, key).RANK, reference]));
}

/** More than the longest reference: of keys and buckets of any length. */
const FIRST_BYTES = 16_384;

/**
 * The reference to the task at a place in the order of ranks, read by range: whoever runs one rank of a million needn't read all.
 *
 * @throws NotFoundError where there are no references; UserInputError where there are fewer, or others than a plan has
 */
export async function readReference(
  store: ObjectStore,
  { items: key }: Pick<RunLayout, 'items'>,
  place: number,
): Promise<JsonObject> {
  const first = await store.getRange(key, 0, FIRST_BYTES);
  const end = first.indexOf('\n');
  // A bracket before the first, a comma and the end of the line behind each: all lines are of one length.
  const line = end < 0 ? first.length : end + 1;
  const from = place === 0 ? 1 : place * (line - 1) + 1;
  const text = (await store.getRange(key, from, from + line - 1)).toString();
  const reference = /^\s*(\{.*\})\s*[,\]]/s.exec(text)?.[1];
  if (reference === undefined)
    throw new UserInputError(`There is no rank at place ${place} in ${key}: the run has fewer, or it is no plan.`);
  return parseJsonAs(itemsSchema.element, reference, key);
}

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
