import {
  jsonValue,
  manifestSchema,
  parseAs,
  parseJsonAs,
  PlanChangedError,
  rankReferenceSchema,
  UserInputError,
  runRecordSchema,
  type FileContent,
  type JsonObject,
  type Manifest,
  type RunLayout,
  type RunRecord,
} from '@cosmicai/payload';
import { getIfThere, hashObject, isSealed, NotFoundError, sha256Of, type ObjectStore } from '@cosmicai/store';
import { z } from 'zod';
import { layoutOf, type RunPlace } from '../place/run-place.ts';
import { tasksByLine } from './tasks-by-line.ts';
import { recordWhereItLies, taskWhereItLies } from './where-it-lies.ts';

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
 * @param planned what the file must be, as the run's record has it
 * @throws InvalidInputError, PlanChangedError
 */
export async function readReferences(
  store: ObjectStore,
  { items: key }: Pick<RunLayout, 'items'>,
  planned?: FileContent,
): Promise<ReadonlyMap<number, JsonObject> | undefined> {
  const text = await getIfThere(store, key);
  if (text === undefined) return undefined;
  checkPlanned(key, planned, sha256Of(text));
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

/**
 * @param planned what the manifest must be, as the run's record has it
 * @throws NotFoundError, InvalidInputError, PlanChangedError
 */
export async function readItems(store: ObjectStore, key: string, planned?: FileContent): Promise<PlannedItems> {
  const bytes = await store.get(key);
  checkPlanned(key, planned, sha256Of(bytes));
  const items = parseJsonAs(itemsSchema, bytes.toString(), key);
  return { items, manifest: parseAs(manifestSchema, items, key) };
}

/** @throws NotFoundError, InvalidInputError; PlanChangedError when it isn't what was written */
export async function readRecord(store: ObjectStore, { run }: Pick<RunLayout, 'run'>): Promise<RunRecord> {
  const text = (await store.get(run)).toString();
  const record = parseJsonAs(runRecordSchema, text, run);
  // Those of earlier versions have no seal.
  const hasSeal = record.seal !== undefined || record.planned_files !== undefined;
  if (hasSeal && !isSealed(text)) throw new PlanChangedError(run, 'its seal is broken');
  return record;
}

/**
 * Reads `run.json` and `manifest.json`, as they were planned. Where the run was copied or moved, they tell of where it lies now.
 *
 * @throws NotFoundError, InvalidInputError; PlanChangedError when they aren't what was written
 */
export async function readPlan(store: ObjectStore, place: RunPlace): Promise<Plan> {
  const layout = layoutOf(place);
  const record = await readRecord(store, layout);
  const manifest = await readManifest(store, layout.manifest, record.planned_files?.manifest);
  const here = recordWhereItLies(record, place);
  return { record: here, manifest: here === record ? manifest : manifest.map((task) => taskWhereItLies(task, place)) };
}

async function readManifest(store: ObjectStore, key: string, planned: FileContent | undefined): Promise<Manifest> {
  const read = await tasksByLine(store, key);
  if (read !== undefined) {
    checkPlanned(key, planned, read.sha256);
    return read.manifest;
  }
  const bytes = await store.get(key);
  checkPlanned(key, planned, sha256Of(bytes));
  return parseJsonAs(manifestSchema, bytes.toString(), key);
}

/** @throws PlanChangedError unless the references that ranks were started with are those that were planned */
export async function checkReferences(
  store: ObjectStore,
  { items }: Pick<RunLayout, 'items'>,
  { planned_files: planned }: Pick<RunRecord, 'planned_files'>,
): Promise<void> {
  await checkFile(store, items, planned?.items);
}

/**
 * Looks, without holding them, whether the tasks of a run and the references to them are those that were planned.
 *
 * @throws PlanChangedError naming the first that isn't
 */
export async function checkPlanFiles(
  store: ObjectStore,
  layout: Pick<RunLayout, 'items' | 'manifest'>,
  record: Pick<RunRecord, 'planned_files'>,
): Promise<void> {
  await checkFile(store, layout.manifest, record.planned_files?.manifest);
  await checkReferences(store, layout, record);
}

async function checkFile(store: ObjectStore, key: string, planned: FileContent | undefined): Promise<void> {
  if (planned !== undefined) checkPlanned(key, planned, await unlessGone(key, hashObject(store, key)));
}

/** @throws PlanChangedError unless the record of a run is there, as it was written */
export async function checkRecord(store: ObjectStore, layout: Pick<RunLayout, 'run'>): Promise<void> {
  await unlessGone(layout.run, readRecord(store, layout));
}

/** @throws PlanChangedError where what was planned isn't there any more */
async function unlessGone<Read>(key: string, reading: Promise<Read>): Promise<Read> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new PlanChangedError(key, 'it is gone', { cause: error });
  }
}

function checkPlanned(key: string, planned: FileContent | undefined, sha256: string): void {
  if (planned !== undefined && planned.sha256 !== sha256) throw new PlanChangedError(key, 'its SHA-256 is another');
}
