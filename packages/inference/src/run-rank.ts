import { Reduction } from '@cosmicai/metrics';
import { defined, runLayout, type RankAnswer, type RankProgress, type RankTask } from '@cosmicai/payload';
import { keptKinds, type CarriedKind } from '@cosmicai/samples';
import {
  requestsSince,
  requestsSoFar,
  sealedText,
  sha256Of,
  type ObjectInfo,
  type ObjectStore,
  type OpenStoreOptions,
} from '@cosmicai/store';
import { atPartition, PartitionError, RankTooLongError, RankUnfinishedError } from './errors.ts';
import { MOST_ATTEMPTS } from './limits/forecast.ts';
import { RankTime, type TimeLimit } from './limits/rank-time.ts';
import { declineMeeting, meetRanks } from './meet-ranks.ts';
import type { LeasedModel } from './model/model-cache.ts';
import type { LoadedModel } from './model/open-model.ts';
import { checkModelBytes, checkModelObject, plannedSource } from './planned-inputs.ts';
import { findPieces, RankPieces, type Pace } from './pieces/rank-pieces.ts';
import { MICRO_BATCH } from './predictor.ts';
import { RankPredictions } from './predictions/rank-predictions.ts';
import { dataStore, readInputs } from './read-inputs.ts';
import { rankResult } from './rank-result.ts';
import { RankTally } from './rank-tally.ts';
import { findingsOf, type DataFindings, type PartitionSeen } from './quality/findings.ts';
import { ImageHashes, sortedHashes } from './quality/image-hashes.ts';
import { writeBeside } from './write-beside.ts';

/** What a rank needs of the world around it. */
export interface RankEnvironment {
  readonly openStore: (address: string, options?: Pick<OpenStoreOptions, 'access'>) => ObjectStore;
  /** The task's model, which the rank disposes of when it is done with it. */
  readonly loadModel: (task: RankTask) => Promise<LeasedModel>;
  /** Monotonic clock in milliseconds. */
  readonly monotonic: () => number;
  readonly now: () => Date;
  /** Whether this is the first task of the process. */
  readonly coldStart: boolean;
  /** Processor time used by this process so far, in seconds. */
  readonly cpuSeconds: () => number;
  /** Peak resident memory of this process so far, in MB. */
  readonly peakRssMb: () => number;
  /** Memory the function was given, if it was. */
  readonly memoryLimitMb: number | null;
  readonly architecture: string;
  readonly signal?: AbortSignal;
  /** Is told what the rank has done so far: when a file is open, and with each part of a batch that is predicted. */
  readonly onProgress?: (progress: RankProgress) => void;
  /** Absent where nobody ends the rank. */
  readonly timeLimit?: TimeLimit;
  /** How often what is predicted is kept for another attempt, and of which ranks; default: every 30 s, of those over 60 s. */
  readonly pace?: Pace;
  /** Is told what the rank goes on in spite of. */
  readonly onWarning?: (warning: string) => void;
}

/**
 * Does one rank's share of a run: streams its partitions through the model, writes the predictions, then `<rank>.json`.
 * The result is written last, so that its existence says the rank is complete; writing it again changes nothing.
 *
 * @throws PartitionChangedError, ModelChangedError when an input isn't the one that was planned
 * @throws PartitionError naming rank and file when a partition can't be read or predicted
 * @throws RankTooLongError early, when it can't be done in the time that it has
 * @throws RankUnfinishedError when its time ends and another attempt would have enough
 */
export async function runRank(task: RankTask, environment: RankEnvironment): Promise<RankAnswer> {
  const layout = runLayout(task.RESULT_PATH, task.RUN_ID);
  const answer = {
    statusCode: 200,
    run_id: task.RUN_ID ?? null,
    rank: task.RANK,
    bucket: task.S3_BUCKET,
    result_key: layout.rankResult(task.RANK),
    result_path: task.RESULT_PATH,
  } as const;
  if (task.DATA_PATH.length === 0) return { ...answer, status: 'no_data', samples: 0 };
  const meeting = task.FMI_ENABLED ? { ...environment, store: environment.openStore(task.S3_BUCKET) } : undefined;

  const { monotonic } = environment;
  const startedAt = environment.now();
  const started = monotonic();
  const requestsBefore = requestsSoFar();
  const cpuBefore = environment.cpuSeconds();
  const seconds = (from: number) => (monotonic() - from) / 1000;

  const results = environment.openStore(task.S3_BUCKET);
  const warn = (warning: string) => environment.onWarning?.(warning);
  // Folders of others, which have no runs, get no files that they don't expect.
  const place = task.RUN_ID === undefined ? undefined : { store: results, prefix: layout.rankPieces(task.RANK), warn };
  const finding = place && findPieces(place);
  const resultBefore = place && results.head(answer.result_key);
  // It is asked for when the rank is done: what goes wrong before that is told first.
  resultBefore?.catch(() => undefined);
  let pieces: RankPieces | undefined;
  const attemptsAfter = () => (pieces === undefined ? 0 : Math.max(0, MOST_ATTEMPTS - 1 - pieces.leftOff));
  using time = new RankTime({ task, limit: environment.timeLimit, attemptsAfter, monotonic, warn });
  await checkModelObject(task, environment.openStore);
  using model = await environment.loadModel(task);
  checkModelBytes(task, model);
  const modelLoad = seconds(started);
  const found = await finding;
  if (place !== undefined && found !== undefined) {
    const madeBy = answersDependOn(task, model);
    const { width } = model.predictor.contract.answer;
    pieces = new RankPieces({ ...place, madeBy, width, monotonic, pace: environment.pace }, found);
  }
  const { spec } = model.predictor.contract;
  const signal = environment.signal === undefined ? time.signal : AbortSignal.any([environment.signal, time.signal]);
  const carried = await keptIn(task, model, environment);
  await using file = new RankPredictions(results, layout.rankPredictions(task.RANK), {
    rank: task.RANK,
    ...defined({ carried }),
    features: spec.features,
    outputs: spec.outputs,
    signal,
  });
  const hashes = new ImageHashes();
  const reduction = new Reduction();

  const inferenceStarted = monotonic();
  const reads: Awaited<ReturnType<typeof readInputs>> = [];
  const tally = new RankTally(task.RANK, (progress) => {
    time.observe(progress);
    environment.onProgress?.(progress);
  });
  try {
    const reading = { ...environment, signal, tally, pieces, time, file, hashes, reduction };
    reads.push(...(await readInputs(task, model, reading)));
  } catch (error) {
    const ended: unknown = time.signal.aborted ? time.signal.reason : error;
    if (ended instanceof RankUnfinishedError) await pieces?.leaveOff();
    const forGood = ended instanceof PartitionError || ended instanceof RankTooLongError;
    if (meeting !== undefined && forGood) await declineMeeting(task, meeting);
    throw ended;
  }
  const inference = seconds(inferenceStarted);
  const before = (pieces?.spentMs ?? 0) / 1000;

  const writeStarted = monotonic();
  const predictions = await file.finish();
  const beside =
    task.RUN_ID === undefined
      ? undefined
      : await writeBeside(results, layout, task.RANK, { hashes, names: namesOf(reads), reduction });
  const writing = seconds(writeStarted);

  // Of a run of ours Summarize publishes, when all of it is known to be whole.
  const published =
    task.RUN_ID === undefined || task.PUBLISH_RANKS === 'as_they_end' ? [layout.published.rankResult(task.RANK)] : [];
  const requests = requestsSince(requestsBefore);
  const result = rankResult(task, reads, {
    predictions,
    beside,
    modelSha256: model.sha256,
    spec,
    arithmetic: model.arithmetic,
    startedAt,
    coldStart: environment.coldStart,
    scores: reduction.scores(),
    findings: withAttempts(findingsOf(reads, model), pieces, time),
    // With what earlier attempts took for what is kept of them: rate x time is what was done.
    timing: {
      model_load: modelLoad,
      inference: before + inference,
      write: writing,
      total: before + seconds(started),
    },
    cpuSeconds: environment.cpuSeconds() - cpuBefore,
    peakRssMb: environment.peakRssMb(),
    memoryLimitMb: environment.memoryLimitMb,
    architecture: environment.architecture,
    storeRequests: { ...requests, puts: requests.puts + published.length + (resultBefore === undefined ? 0 : 1) },
  });
  const text = sealedText(result);
  if (resultBefore !== undefined) await writeUnlessDone(results, answer.result_key, text, await resultBefore);
  for (const key of published) await results.put(key, text);
  await pieces?.clear();
  const done = { ...answer, status: 'succeeded', samples: result.samples } as const;
  return meeting === undefined ? done : { ...done, fmi: await meetRanks(task, reduction.ledger.metrics, meeting) };
}

/** @throws PartitionError when the partitions have no common type for what is kept */
async function keptIn(
  task: RankTask,
  model: LoadedModel,
  { openStore }: Pick<RankEnvironment, 'openStore'>,
): Promise<readonly CarriedKind[] | undefined> {
  const { DATA_PATH: keys, DATA_OBJECTS: versions, COLUMNS: columns, KEEP: keep, CUTOUTS: cutouts } = task;
  // The same in all ranks, where the plan says it.
  if (task.KEPT !== undefined) return task.KEPT;
  // A folder of cutouts is one source, with one table.
  if (cutouts !== undefined || keys.length < 2) return undefined;
  let opened = 0;
  try {
    const open = (place: number) => {
      opened = place;
      return plannedSource(dataStore(task, openStore), keys[place] ?? '', versions?.[place]);
    };
    return await keptKinds(keys.length, open, { spec: model.predictor.contract.spec, columns, keep });
  } catch (error) {
    throw atPartition(error, task.RANK, keys[opened] ?? '');
  }
}

/** Hashes of the galaxies' names, ascending. */
function namesOf(reads: readonly PartitionSeen[]): BigUint64Array {
  return sortedHashes(reads.flatMap(({ checks }) => (checks === undefined ? [] : [checks.names.sorted()])));
}

/** Besides the partitions, whose versions pieces tell themselves. */
function answersDependOn(
  { BATCH_SIZE, COLUMNS, MODEL_INPUTS }: Pick<RankTask, 'BATCH_SIZE' | 'COLUMNS' | 'MODEL_INPUTS'>,
  { sha256, predictor }: Pick<LoadedModel, 'sha256' | 'predictor'>,
): string {
  const { batch, spec } = predictor.contract;
  return sha256Of(
    JSON.stringify([spec, MICRO_BATCH, BATCH_SIZE, batch, sha256, COLUMNS ?? null, MODEL_INPUTS ?? null]),
  );
}

function withAttempts(findings: DataFindings, pieces: RankPieces | undefined, time: RankTime): DataFindings {
  const before = pieces?.leftOff ?? 0;
  return before === 0 ? findings : { ...findings, warnings: [...findings.warnings, time.manyAttempts(before + 1)] };
}

/**
 * Writes the rank's result, unless another attempt has written one since this one began: of a rank that was stopped and planned again
 * both may end, the predictions of both are the same, and the result that somebody has gone on with stays what it is.
 */
async function writeUnlessDone(
  store: ObjectStore,
  key: string,
  text: string,
  before: ObjectInfo | undefined,
): Promise<void> {
  await (before === undefined ? store.putIfAbsent(key, text) : store.putIfMatch(key, text, before.etag));
}
