import {
  defined,
  type FoundPartitions,
  type InitializeAnswer,
  initializeAnswerSchema,
  type KeptKind,
  MAX_INLINE_BODY_BYTES,
  type ObjectVersion,
  parseAs,
  parseRunPayload,
  PartitionFinder,
  planFiles,
  type RankTaskItem,
  runLayout,
  type RunPayload,
  type RunRecord,
  rankTaskSchema,
  runRecordSchema,
  type RunReference,
  UserInputError,
} from '@cosmicai/payload';
import { PlanWriter, recordText } from '@cosmicai/runs';
import {
  AccessDeniedError,
  addressWithin,
  compareKeys,
  readableAddress,
  requestsSince,
  requestsSoFar,
  type ObjectStore,
  type OpenStoreOptions,
  type SkippedEntry,
} from '@cosmicai/store';
import { keptTypes } from './kept-types.ts';
import { ObjectTable } from './object-table.ts';
import { cutoutRanks, type CutoutRanks } from './plan-cutouts.ts';

/** Which files each rank reads, by their places in the listing. */
type FilePlan = readonly (readonly number[])[];

export interface InitializeEnvironment {
  readonly openStore: (address: string, options?: Pick<OpenStoreOptions, 'access'>) => ObjectStore;
  readonly now: () => Date;
  /** A run id that no other run has; part of object keys. */
  readonly newRunId: (now: Date) => string;
}

/**
 * Plans a run: which rank reads which partition. Writes `manifest.json`, `items.json` and `run.json` into the run's own folder and
 * answers what the state machine needs. Nothing is written before the whole plan stands.
 *
 * @throws InvalidInputError, UserInputError when the payload is wrong or there is nothing to read
 */
export async function initialize(input: unknown, environment: InitializeEnvironment): Promise<InitializeAnswer> {
  const requestsBefore = requestsSoFar();
  const { payload, warnings: payloadWarnings } = parseRunPayload(input);
  const model = await findModel(payload, environment);
  const objects = new ObjectTable();
  const data = environment.openStore(payload.data_bucket, {
    access: { requestPayer: payload.request_payer, sign: payload.sign_requests },
  });
  const { partitions, warnings: listed } = await listPartitions(payload, data, objects);
  const cutouts = await cutoutRanks(payload, data, objects, partitions);
  const dataWarnings = [...listed, ...(cutouts?.warnings ?? [])];
  const plan = cutouts?.plan ?? planFiles(payload, partitions, objects.key, dataWarnings);
  const kept = cutouts === undefined ? await keptTypes(payload, data, objects, plan) : undefined;
  const created = environment.now();
  const runId = environment.newRunId(created);
  const ranksWithData = plan.filter((share) => share.length > 0).length;
  const fmi = planFmi(payload, ranksWithData);
  const run = runReference(payload, plan, runId, ranksWithData, fmi.enabled);

  const warnings = [...payloadWarnings, ...dataWarnings, ...(kept?.warnings ?? []), ...fmi.warnings];
  const store = environment.openStore(payload.bucket);
  const requests = requestsSince(requestsBefore);
  const record: RunRecord = {
    run,
    created_at: created.toISOString(),
    payload,
    warnings,
    ...(model && { model }),
    partitions: sizeOf(plan, objects),
    // With those that write the record, the manifest and its items.
    store_requests: { ...requests, puts: requests.puts + 3 },
  };
  const layout = runLayout(payload.result_path, runId);
  // With the schemas of those who will read it: what they would refuse is refused before anything is there.
  parseAs(runRecordSchema, record, layout.run);
  await using writer = new PlanWriter(store, layout);
  const inline = new InlineItems();
  for (const task of rankTasks(payload, plan, {
    runId,
    fmi: fmi.enabled,
    objects,
    model,
    cutouts,
    kept: kept?.kinds,
  })) {
    parseAs(rankTaskSchema, task, layout.manifest);
    inline.add(task, await writer.add(task));
  }
  const answer: InitializeAnswer = { statusCode: 200, run, warnings, ...(inline.items && { body: inline.items }) };
  parseAs(initializeAnswerSchema, answer, 'answer of Initialize');
  const planned_files = await writer.end();
  await store.put(layout.run, recordText({ ...record, planned_files }));
  try {
    await writer.finish();
  } catch (error) {
    // Half a plan is no run that somebody could list or go on with.
    await store.delete(layout.run).catch(() => undefined);
    throw error;
  }
  return answer;
}

/** The tasks for state machines that iterate over `$.body`, as long as a state can hold them. */
class InlineItems {
  #items: RankTaskItem[] | undefined = [];
  #bytes = 0;

  get items(): readonly RankTaskItem[] | undefined {
    return this.#items;
  }

  /** @param bytes of the task as JSON */
  add(task: RankTaskItem, bytes: number): void {
    // With a comma, or the brackets around all.
    this.#bytes += bytes + 1;
    if (this.#bytes >= MAX_INLINE_BODY_BYTES) this.#items = undefined;
    this.#items?.push(task);
  }
}

/** Lists the data, of which no more is kept than what a plan needs. */
async function listPartitions(
  { data_prefix }: RunPayload,
  store: ObjectStore,
  objects: ObjectTable,
): Promise<FoundPartitions<number>> {
  const finder = new PartitionFinder<number>(data_prefix);
  const skipped: SkippedEntry[] = [];
  const listing = store.list(data_prefix === '' ? '' : `${data_prefix}/`, {
    onSkipped: (entry) => skipped.push(entry),
  });
  for await (const object of listing) finder.see(object, objects.add(object));
  // They are told as their files are looked at, several at once.
  return finder.find(skipped.sort((a, b) => compareKeys(a.key, b.key)));
}

/**
 * The version of the model that ranks must find. Undefined where the payload names none, and where Initialize may not look it up
 * though ranks may read it.
 *
 * @throws UserInputError when there is no such model, or the address is of another machine's folder
 */
async function findModel(
  { model, bucket }: RunPayload,
  { openStore }: InitializeEnvironment,
): Promise<ObjectVersion | undefined> {
  if (model === undefined) return undefined;
  const { store: address, key } = addressWithin(bucket, model);
  const store = openStore(address);
  try {
    const found = await store.head(key);
    if (found !== undefined) return { size: found.size, etag: found.etag };
  } catch (error) {
    if (error instanceof AccessDeniedError) return undefined;
    throw error;
  }
  throw new UserInputError(`There is no model ${key} in ${readableAddress(store.url)}. Check "model" in the payload.`);
}

/**
 * Ranks that wait for each other must all run at once. Where the payload allows fewer, they would wait in vain, so the run
 * goes without FMI and says so; its results are the same.
 */
function planFmi(payload: RunPayload, ranksWithData: number): { enabled: boolean; warnings: string[] } {
  if (!payload.fmi_enabled || ranksWithData <= payload.max_concurrency)
    return { enabled: payload.fmi_enabled, warnings: [] };
  return {
    enabled: false,
    warnings: [
      `FMI is off in this run: ${ranksWithData} ranks would have to run at once to meet, but max_concurrency is ${payload.max_concurrency}`,
    ],
  };
}

function runReference(
  payload: RunPayload,
  plan: FilePlan,
  runId: string,
  ranksWithData: number,
  fmi: boolean,
): RunReference {
  const layout = runLayout(payload.result_path, runId);
  return {
    run_id: runId,
    bucket: payload.bucket,
    result_path: payload.result_path,
    manifest_key: layout.manifest,
    items_key: layout.items,
    map_prefix: layout.map,
    world_size: plan.length,
    ranks_with_data: ranksWithData,
    max_concurrency: payload.max_concurrency,
    tolerated_failure_percentage: payload.tolerated_failure_percentage,
    max_flagged: payload.max_flagged,
    fmi_enabled: fmi,
    rendezvous_endpoint: payload.rendezvous_endpoint ?? null,
  };
}

interface PlannedInputs {
  readonly runId: string;
  readonly fmi: boolean;
  readonly objects: ObjectTable;
  readonly model: ObjectVersion | undefined;
  /** Absent where files are partitions. */
  readonly cutouts: CutoutRanks | undefined;
  readonly kept: readonly KeptKind[] | undefined;
}

function* rankTasks(
  payload: RunPayload,
  plan: FilePlan,
  { runId, fmi, objects, model, cutouts, kept }: PlannedInputs,
): Generator<RankTaskItem> {
  const shared = {
    S3_BUCKET: payload.bucket,
    ...defined({ S3_OBJECT_NAME: payload.S3_object_name, SCRIPT: payload.script, S3_OBJECT_TYPE: payload.object_type }),
    WORLD_SIZE: String(plan.length),
    DATA_BUCKET: payload.data_bucket,
    DATA_PREFIX: payload.data_prefix,
    RESULT_PATH: payload.result_path,
    BATCH_SIZE: payload.batch_size,
    RUN_ID: runId,
    ...(payload.model !== undefined && { MODEL: payload.model }),
    ...(model && { MODEL_OBJECT: model }),
    ...defined({
      MODEL_SHA256: payload.model_sha256,
      MODEL_INPUTS: payload.model_inputs,
      COLUMNS: payload.columns,
      KEEP: payload.keep,
      KEPT: kept,
    }),
    ...(payload.allow_batch_dependence === true && { ALLOW_BATCH_DEPENDENCE: true }),
    ...(!payload.check_crc && { CHECK_CRC: false }),
    ...(payload.hash_inputs && { HASH_INPUTS: true }),
    ...(payload.publish_ranks !== 'at_end' && { PUBLISH_RANKS: payload.publish_ranks }),
    ...(payload.request_payer && { REQUEST_PAYER: true }),
    ...(!payload.sign_requests && { SIGN_REQUESTS: false }),
  };
  const meeting = {
    FMI_ENABLED: true,
    ...(payload.rendezvous_endpoint !== undefined && { RENDEZVOUS_ENDPOINT: payload.rendezvous_endpoint }),
    FMI_WORLD_SIZE: plan.filter((share) => share.length > 0).length,
  };
  let place = 0;
  for (const [rank, share] of plan.entries())
    yield {
      ...shared,
      RANK: String(rank),
      DATA_PATH: dataPath(share.map(objects.key)),
      ...(share.length > 0 && { DATA_OBJECTS: share.map((place) => objects.version(place)) }),
      ...(cutouts && share.length > 0 && { CUTOUTS: cutouts.of(share.map(objects.key)) }),
      ...(fmi && share.length > 0 && { ...meeting, FMI_RANK: place++ }),
    };
}

/** The partitions of a rank as its task lists them: one alone by its name. */
function dataPath(share: readonly string[]): RankTaskItem['DATA_PATH'] {
  const [first, second] = share;
  if (first === undefined) return null;
  return second === undefined ? first : share;
}

function sizeOf(plan: FilePlan, objects: ObjectTable): RunRecord['partitions'] {
  let files = 0;
  let bytes = 0;
  for (const share of plan) {
    files += share.length;
    for (const place of share) bytes += objects.size(place);
  }
  return { files, bytes };
}
