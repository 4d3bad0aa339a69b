import { AFTER_A_CHANGE } from '@cosmicai/inference';
import type { FinishedChild, Json, JsonObject, ResumePoint, RunSoFar } from '@cosmicai/local';
import {
  EnvironmentError,
  listed,
  manifestSchema,
  parseAs,
  parseJsonAs,
  ranksOf,
  runLayout,
  withFormat,
  type Manifest,
  type RankResult,
  type RunLayout,
} from '@cosmicai/payload';
import {
  changedPartitions,
  describeChange,
  itemsWithInputs,
  ranksInStore,
  readPlan,
  verifyFolder,
  type RanksInStore,
} from '@cosmicai/runs';
import type { ObjectStore, StoreAccess } from '@cosmicai/store';
import { z } from 'zod';
import { dataAccess } from '../inputs/data-access.ts';
import { isObject, leadsTo, plannedIn, type PlannedInput } from './planned-input.ts';

export interface TrustStoreOptions {
  /** The state machine that goes on. */
  readonly definition: JsonObject;
  readonly openStore: (bucket: string, access?: StoreAccess) => ObjectStore;
  /** SHA-256 of the model as it is now. */
  readonly modelSha256: string;
  /** Take inputs that have changed as they are, and run the ranks concerned again. */
  readonly acceptChanged: boolean;
  /** Tells people what becomes of the run. */
  readonly say: (line: string) => void;
}

/** A run can't go on as it is: what it reads, or its plan, isn't what it was. */
class GoingOnRefused extends EnvironmentError {}

/** The Map of a run's ranks, as it began last. */
interface RankMap {
  readonly name: string;
  readonly state: JsonObject;
  readonly planned: PlannedInput;
}

/** The plan as it stands, and what the store holds of it. */
interface PlanNow extends RanksInStore {
  readonly items: readonly JsonObject[];
  readonly manifest: Manifest;
}

/**
 * Where a run goes on by what lies in its folder: ranks whose results and predictions are whole are kept, whatever the events say,
 * and all others run, though the events may say that they were done.
 *
 * @returns undefined when the run succeeded and all of it is there
 * @throws GoingOnRefused when partitions or the model aren't those of the start
 */
export async function trustStore(soFar: RunSoFar, options: TrustStoreOptions): Promise<ResumePoint | undefined> {
  const map = rankMap(soFar, options.definition);
  // What has no plan yet has no results either.
  if (map === undefined) return soFar.succeeded ? undefined : soFar;
  const { run } = map.planned;
  const store = options.openStore(run.bucket);
  const layout = runLayout(run.result_path, run.run_id);
  const before = await planNow(store, layout);
  const isWhole = await isSummarizedAndWhole(store, layout);
  if (soFar.succeeded && !options.acceptChanged && before.missing.size === 0 && isWhole) return undefined;
  // What it proved is of a run that was over.
  await store.delete(layout.proof);
  const plan = (await acceptChanges(before, store, layout, options)) ?? before;
  const input = map.planned.with({ items: plan.items });
  const finished = new Map(soFar.finished).set(map.name, finishedChildren(soFar.finished.get(map.name), map, plan));
  if (leadsTo(options.definition, soFar.state, (_, name) => name === map.name))
    return { state: soFar.state, input: soFar.state === map.name ? input : soFar.input, finished };
  const isAtWork = ['Task', 'Map', 'Parallel'].some((type) => type === stateOf(options.definition, soFar.state).Type);
  if (plan.missing.size === 0 && isAtWork && !soFar.succeeded) return { ...soFar, finished };
  // Past its ranks, of which some have to run again, or at an end that another look at the results may change.
  if (plan.missing.size > 0) {
    const why = [...plan.missing].map(([rank, { cause }]) => `rank ${rank}: ${cause}`);
    options.say(`Ranks that run again, as nothing whole is left of them:\n${listed(why, '  ')}`);
  }
  return { state: map.name, input, finished };
}

function rankMap({ entered }: RunSoFar, definition: JsonObject): RankMap | undefined {
  for (const [name, input] of entered) {
    const state = stateOf(definition, name);
    const planned = state.Type === 'Map' ? plannedIn(input) : undefined;
    if (planned !== undefined) return { name, state, planned };
  }
  return undefined;
}

function stateOf(definition: JsonObject, name: string): JsonObject {
  return (definition.States as Readonly<Record<string, JsonObject>>)[name] ?? {};
}

const itemsSchema = z.array(z.record(z.string(), z.json()));

async function planNow(store: ObjectStore, layout: RunLayout): Promise<PlanNow> {
  const items = parseJsonAs(itemsSchema, (await store.get(layout.manifest)).toString(), layout.manifest);
  const manifest = parseAs(manifestSchema, items, layout.manifest);
  return { items, manifest, ...(await ranksInStore(store, manifest)) };
}

/** @throws GoingOnRefused when the plan isn't that by which the run was summarized */
async function isSummarizedAndWhole(store: ObjectStore, layout: RunLayout): Promise<boolean> {
  const { proof, findings } = await verifyFolder(store, layout);
  const ofThePlan = proof === undefined ? undefined : findings.find(({ mend }) => mend === 'replan');
  if (ofThePlan !== undefined)
    throw new GoingOnRefused(
      `${ofThePlan.what} ${ofThePlan.problem}. Its plan can't be trusted any more: start a new run.`,
    );
  return findings.every(({ mend }) => mend !== 'resume');
}

/**
 * Plans anew with inputs that have changed, where that is allowed.
 *
 * @returns undefined when none have
 * @throws GoingOnRefused
 */
async function acceptChanges(
  { items, manifest, whole }: PlanNow,
  store: ObjectStore,
  layout: RunLayout,
  { openStore, modelSha256, acceptChanged, say }: TrustStoreOptions,
): Promise<PlanNow | undefined> {
  const { record } = await readPlan(store, layout);
  const access = dataAccess(record.payload);
  const changed = await changedPartitions(manifest, ({ DATA_BUCKET }) => openStore(DATA_BUCKET, access));
  const planned = plannedModels(manifest, whole);
  const isModelNew = planned.length > 0 && !planned.every((sha256) => sha256 === modelSha256);
  if (changed.length === 0 && !isModelNew) return undefined;
  const changes = [
    ...(isModelNew
      ? [`the model is ${modelSha256.slice(0, 12)}…, planned was ${planned.join(', ').slice(0, 12)}…`]
      : []),
    ...changed.map(describeChange),
  ];
  const told = `Inputs of run ${record.run.run_id} have changed since it began:\n${listed(changes, '  ')}`;
  if (!acceptChanged) throw new GoingOnRefused(`${told}\n${AFTER_A_CHANGE}`);
  if (changed.some(({ now }) => now === undefined))
    throw new GoingOnRefused(
      `${told}\nA run can't go on without partitions that are gone: put them back, or start a new run.`,
    );
  say(`${told}\nThey are taken as they are now; ranks that read them run again.`);
  const galaxies = new Map(
    [...whole.values()].flatMap(({ partitions }) => partitions.map(({ key, samples }) => [key, samples])),
  );
  const renewed = itemsWithInputs(items, manifest, { changed, galaxies, ...(isModelNew && { modelSha256 }) });
  const warnings = [
    ...record.warnings,
    `Inputs changed while the run was under way, and were taken so: ${changes.join('; ')}`,
  ];
  await store.put(layout.run, `${JSON.stringify(withFormat({ ...record, warnings }), null, 1)}\n`);
  await store.put(layout.manifest, JSON.stringify(renewed));
  return await planNow(store, layout);
}

function plannedModels(manifest: Manifest, whole: ReadonlyMap<number, RankResult>): string[] {
  const planned = manifest.flatMap(({ MODEL_SHA256: sha256 }) => (sha256 === undefined ? [] : [sha256]));
  return [...new Set(planned.length > 0 ? planned : [...whole.values()].map(({ model_sha256: sha256 }) => sha256))];
}

/** Children that needn't run: those of whole ranks, known to the events or not, and those that had nothing to do. */
function finishedChildren(
  known: ReadonlyMap<number, FinishedChild> = new Map(),
  { state }: RankMap,
  { items, manifest, whole }: PlanNow,
): Map<number, FinishedChild> {
  const idle = new Set(manifest.filter(({ DATA_PATH }) => DATA_PATH.length === 0).map(({ RANK }) => RANK));
  const kept = new Map(
    [...known].filter(([, { input }]) => {
      const ranks = ranksOf(input);
      return ranks.length === 0 || ranks.every((rank) => whole.has(rank) || idle.has(rank));
    }),
  );
  // What a Map makes of its items before a child gets them is its own affair.
  if (!isObject(state.ItemReader) || state.ItemBatcher !== undefined || state.ItemSelector !== undefined) return kept;
  for (const [index, { RANK }] of manifest.entries()) {
    const result = whole.get(RANK);
    if (result === undefined) continue;
    const input = items[index]!;
    const before = kept.get(index);
    kept.set(index, before === undefined ? childOf(result, input, manifest[index]!) : { ...before, input });
  }
  return kept;
}

function childOf(
  result: RankResult,
  input: Json,
  { S3_BUCKET: bucket, RUN_ID, RANK }: Manifest[number],
): FinishedChild {
  const startedAt = Date.parse(result.started_at);
  const layout = runLayout(result.result_path, RUN_ID);
  return {
    name: `found-${RANK}`,
    input,
    output: {
      statusCode: 200,
      run_id: result.run_id,
      rank: RANK,
      bucket,
      result_key: layout.rankResult(RANK),
      result_path: result.result_path,
      status: 'succeeded',
      samples: result.samples,
    },
    startedAt,
    stoppedAt: startedAt + result.timing.total * 1000,
  };
}
