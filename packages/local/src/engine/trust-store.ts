import { isDeepStrictEqual } from 'node:util';
import { acceptCommand, againCommand, resumeCommand } from '@cosmicai/engine';
import {
  describe,
  EnvironmentError,
  InvalidInputError,
  itemAt,
  listed,
  type Manifest,
  type ModelSpec,
  PlanChangedError,
  type RankResult,
  runLayout,
  type RunLayout,
  type RunRecord,
  type RunReference,
  specFields,
  specIn,
} from '@cosmicai/payload';
import {
  changedPartitions,
  describeChange,
  itemsWithInputs,
  type NewInputs,
  type PlannedItems,
  ranksInStore,
  type RanksInStore,
  readItems,
  readRecord,
  readReferences,
  rewritePlan,
  verifyFolder,
  placeOfRun,
  verifyPublished,
} from '@cosmicai/runs';
import { dataAccess, NotFoundError, type ObjectStore, type StoreAccess } from '@cosmicai/store';
import type { Json, JsonObject } from '../definition/types.ts';
import type { ResumePoint, RunSoFar } from '../run/resume.ts';
import type { CheckedModel } from './check-model.ts';
import { finishedChildren } from './finished-children.ts';
import { leadsTo, plannedIn, type PlannedInput } from './planned-input.ts';

export interface TrustStoreOptions {
  /** Folder of the execution. */
  readonly directory: string;
  /** The state machine that goes on. */
  readonly definition: JsonObject;
  readonly openStore: (bucket: string, access?: StoreAccess) => ObjectStore;
  /** The model as it is now. */
  readonly model: CheckedModel;
  /** Take inputs that have changed as they are, and run the ranks concerned again. */
  readonly acceptChanged: boolean;
  /** Tells people what becomes of the run. */
  readonly say: (line: string) => void;
}

/** A run can't go on as it is: what it reads, or its plan, isn't what it was. Says what to do instead. */
export class GoingOnRefused extends EnvironmentError {}

/** The Map of a run's ranks, as it began last. */
interface RankMap {
  readonly name: string;
  readonly state: JsonObject;
  readonly planned: PlannedInput;
}

/** The plan as it stands, and what the store holds of it. */
interface PlanNow extends PlannedItems, RanksInStore {
  readonly record: RunRecord;
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
  const record = await ofPlan(readRecord(store, layout), options);
  const before = await ofPlan(planNow(store, layout, record), options);
  const isWhole = (await isSummarizedAndWhole(store, layout, options)) && (await isPublishedWhole(store, run, before));
  if (soFar.succeeded && !options.acceptChanged && before.missing.size === 0 && isWhole) return undefined;
  const changes = await changesSince(before, options);
  // Nothing refuses any more, so what was proved of a run that was over may go.
  await store.delete(layout.proof);
  const plan = changes === undefined ? before : await planAnew(before, changes, store, layout);
  const input = map.planned.with({ items: plan.items });
  const inputOf = await ofPlan(inputsOf(map.state, plan, store, layout), options);
  const children = finishedChildren(soFar.finished.get(map.name), { ...plan, map: map.state, inputOf });
  const finished = new Map(soFar.finished).set(map.name, children);
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

/** What the Map gives to the child of a rank: where its task lies or, in definitions of others, the task itself. */
async function inputsOf(
  map: JsonObject,
  { items, manifest, record }: PlanNow,
  store: ObjectStore,
  layout: RunLayout,
): Promise<(rank: number) => Json | undefined> {
  const refers = JSON.stringify(map.ItemReader ?? null).includes('items_key');
  const inputs =
    (refers ? await readReferences(store, layout, record.planned_files?.items) : undefined) ??
    new Map(manifest.map(({ RANK }, index) => [RANK, itemAt(items, index)]));
  return (rank) => inputs.get(rank);
}

async function planNow(store: ObjectStore, layout: RunLayout, record: RunRecord): Promise<PlanNow> {
  const planned = await readItems(store, layout.manifest, record.planned_files?.manifest);
  return { ...planned, record, ...(await ranksInStore(store, planned.manifest)) };
}

/** @throws GoingOnRefused in place of what says that the plan is gone, or is none any more */
async function ofPlan<Read>(reading: Promise<Read>, { directory }: TrustStoreOptions): Promise<Read> {
  try {
    return await reading;
  } catch (error) {
    const isOfPlan = [NotFoundError, InvalidInputError, PlanChangedError].some((kind) => error instanceof kind);
    if (!(error instanceof Error) || !isOfPlan) throw error;
    throw new GoingOnRefused(
      `${error.message}\nWithout its plan a run can’t go on. Start a new run with: ${againCommand(directory)}`,
      { cause: error },
    );
  }
}

/** @throws GoingOnRefused when the plan isn't that by which the run was summarized */
async function isSummarizedAndWhole(
  store: ObjectStore,
  layout: RunLayout,
  { directory }: TrustStoreOptions,
): Promise<boolean> {
  const { proof, findings } = await verifyFolder(store, layout);
  const ofThePlan = proof === undefined ? undefined : findings.find(({ mend }) => mend === 'replan');
  if (ofThePlan !== undefined)
    throw new GoingOnRefused(
      `${ofThePlan.what} ${ofThePlan.problem}. Its plan can't be trusted any more. Start a new run with: ${againCommand(directory)}`,
    );
  return findings.every(({ mend }) => mend !== 'resume');
}

/** Inputs of a run that aren't those of its plan, and may be taken as they are. */
interface InputChanges extends Pick<NewInputs, 'changed' | 'modelSha256'> {
  /** One line each. */
  readonly told: readonly string[];
}

/** Whether what is published of this run, if it is this run that is published, is what it published. */
async function isPublishedWhole(store: ObjectStore, run: RunReference, { whole }: RanksInStore): Promise<boolean> {
  const { findings } = await verifyPublished(store, placeOfRun(run), whole);
  return findings.length === 0;
}

/**
 * @returns undefined when no input has changed
 * @throws GoingOnRefused when one has, and that isn't allowed or can't be taken
 */
async function changesSince(
  { manifest, whole, record: { run, payload } }: PlanNow,
  { directory, openStore, model, acceptChanged, say }: TrustStoreOptions,
): Promise<InputChanges | undefined> {
  const access = dataAccess(payload);
  const changed = await changedPartitions(manifest, ({ DATA_BUCKET }) => openStore(DATA_BUCKET, access));
  const planned = plannedModels(manifest, whole);
  const isModelNew = planned.some((sha256) => sha256 !== model.sha256);
  if (changed.length === 0 && !isModelNew) return undefined;
  const told = [
    ...(isModelNew
      ? [
          `the model is ${model.sha256.slice(0, 12)}…, planned was ${planned.join(', ').slice(0, 12)}…${otherSpec(model, whole)}`,
        ]
      : []),
    ...changed.map(describeChange),
  ];
  const sentence = `Inputs of run ${run.run_id} have changed since it began:\n${listed(told, '  ')}`;
  const anew = `start a new run with: ${againCommand(directory)}`;
  if (changed.some(({ now }) => now === undefined))
    throw new GoingOnRefused(
      `${sentence}\nA run can't go on without partitions that are gone. Put them back and go on with: ${resumeCommand(directory)}\nOr ${anew}`,
    );
  if (!acceptChanged)
    throw new GoingOnRefused(
      `${sentence}\nPut them back, or ${anew}\nOr take them as they are now: ${acceptCommand(directory)}`,
    );
  say(`${sentence}\nThey are taken as they are now; ranks that read them run again.`);
  return { changed, told, ...(isModelNew && { modelSha256: model.sha256 }) };
}

/** What its spec says otherwise than that by which ranks have predicted; nothing where it says the same, or none has. */
function otherSpec({ spec, specFile }: CheckedModel, whole: ReadonlyMap<number, RankResult>): string {
  const [result] = whole.values();
  if (result === undefined) return '';
  const [before, now] = [specIn(result), specIn(specFields(spec))].map(fieldsOf);
  const changed = [...new Set([...(before?.keys() ?? []), ...(now?.keys() ?? [])])].flatMap((name) => {
    const [was, is] = [before?.get(name), now?.get(name)];
    return isDeepStrictEqual(was, is) ? [] : [`${name} is ${describe(is)}, was ${describe(was)}`];
  });
  return changed.length === 0
    ? ''
    : `; in its spec${specFile === undefined ? '' : ` ${specFile}`} ${changed.join('; ')}`;
}

/** The fields of a spec by the names under which people write them. */
function fieldsOf({ image, features, outputs, truth }: ModelSpec): ReadonlyMap<string, unknown> {
  const inImage = Object.entries(image).map(([name, value]) => [`inputs.image.${name}`, value] as const);
  return new Map<string, unknown>([...inImage, ['inputs.features', features], ['outputs', outputs], ['truth', truth]]);
}

/** Writes the plan with inputs as they are now, and what was taken so into the run's warnings. */
async function planAnew(
  { items, manifest, whole, record }: PlanNow,
  { told, ...changes }: InputChanges,
  store: ObjectStore,
  layout: RunLayout,
): Promise<PlanNow> {
  const galaxies = new Map(
    [...whole.values()].flatMap(({ partitions }) => partitions.map(({ key, samples }) => [key, samples])),
  );
  const warnings = [
    ...record.warnings,
    `Inputs changed while the run was under way, and were taken so: ${told.join('; ')}`,
  ];
  await rewritePlan(store, layout, itemsWithInputs(items, manifest, { ...changes, galaxies }), { warnings });
  return await planNow(store, layout, await readRecord(store, layout));
}

function plannedModels(manifest: Manifest, whole: ReadonlyMap<number, RankResult>): string[] {
  const planned = manifest.flatMap(({ MODEL_SHA256: sha256 }) => (sha256 === undefined ? [] : [sha256]));
  return [...new Set(planned.length > 0 ? planned : [...whole.values()].map(({ model_sha256: sha256 }) => sha256))];
}
