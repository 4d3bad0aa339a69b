import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeOnnxFile, fetchModel, modelInStore, modelOnDisk, probeGalaxies, readSpec } from '@cosmicai/inference';
import {
  ASTROMAE,
  imageShape,
  isAstromae,
  parseJsonAs,
  rankResultSchema,
  type ColumnChoice,
  type ModelSpec,
  type RankResult,
} from '@cosmicai/payload';
import { openGalaxies, type Galaxies } from '@cosmicai/samples';
import { fileStore, storeSource, type ObjectStore } from '@cosmicai/store';
import { writeSurvey } from '@cosmicai/survey';
import { MEGABYTE, writePartition } from '@cosmicai/torchfile';

export interface ProbeOptions {
  /** A partition to try the model on; undefined: none can be read from here, so galaxies are simulated. */
  readonly partition: (StoredObject & { readonly columns?: ColumnChoice | undefined }) | undefined;
  readonly batchSize: number;
  /** Path of a model file; default as everywhere. */
  readonly model?: string;
  /** A model in a store, which ranks fetch when they start. */
  readonly storedModel?: StoredObject;
  /** @param model file; undefined: the default @param folder for its logs */
  readonly openProcess: (model: string | undefined, folder: string) => Promise<ProbedProcess>;
  readonly signal: AbortSignal;
}

/** The deployed inference function in one process of this machine that has one session. */
export interface ProbedProcess extends AsyncDisposable {
  /**
   * @param task of a rank, as JSON
   * @param onStart is told how many seconds passed from a new process's start to its handler
   * @throws UserInputError when the partition or the model can't be used, EnvironmentError when the function fails otherwise
   */
  invoke(task: string, onStart: (seconds: number) => void): Promise<void>;
}

interface StoredObject {
  readonly store: ObjectStore;
  readonly key: string;
}

/** One process with one thread at work on a small partition, twice. */
export interface Probe {
  /** What it was measured on: processors and Node. */
  readonly machine: string;
  /** The partition that the galaxies are of; null: they were simulated. */
  readonly data: string | null;
  readonly galaxies: number;
  readonly batchSize: number;
  /** Seconds from the process's start to its handler. */
  readonly startSeconds: number;
  readonly modelLoadSeconds: number;
  /** Bytes that a rank fetches before it can begin. */
  readonly modelDownloadBytes: number;
  /** Objects that they lie in. */
  readonly modelDownloadObjects: number;
  /** Reading the galaxies from where they lie, to here; null where they were simulated. */
  readonly readBytesPerSecond: number | null;
  /** The rank's results: of a new process, then of the same one, warm. */
  readonly ranks: readonly [cold: RankResult, warm: RankResult];
}

/** Work for some seconds, after which a rank's memory hardly grows (docs/costs.md). */
const GALAXIES = 2048;
const SEED = 1;

/**
 * Runs the deployed inference function in a process of this machine, with one session on one thread, over the first
 * galaxies of a partition.
 *
 * @throws UserInputError when the partition or the model can't be used
 */
export async function probe(options: ProbeOptions): Promise<Probe> {
  const folder = await mkdtemp(join(tmpdir(), 'cosmicai-probe-'));
  try {
    return await probeIn(folder, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function probeIn(folder: string, options: ProbeOptions): Promise<Probe> {
  const store = fileStore(folder);
  const { model, bytes, objects } = await bringModel(folder, options);
  const spec =
    model === undefined ? ASTROMAE : (await readSpec(modelOnDisk(model), describeOnnxFile(model).metadata)).spec;
  const { galaxies, readBytesPerSecond } = await bringPartition(store, options.partition, spec);
  await using probed = await options.openProcess(model, folder);
  const task = {
    S3_BUCKET: pathToFileURL(folder).href,
    DATA_BUCKET: pathToFileURL(folder).href,
    DATA_PREFIX: '',
    DATA_PATH: PARTITION,
    RESULT_PATH: 'results',
    BATCH_SIZE: options.batchSize,
    WORLD_SIZE: '1',
    RANK: '0',
  };
  let startSeconds = 0;
  const run = async (): Promise<RankResult> => {
    options.signal.throwIfAborted();
    await probed.invoke(JSON.stringify(task), (seconds) => (startSeconds += seconds));
    return parseJsonAs(rankResultSchema, (await store.get('results/0.json')).toString(), 'result of the probe');
  };
  const ranks = [await run(), await run()] as const;
  const processors = cpus();
  return {
    machine: `${processors.length} x ${processors[0]?.model ?? 'unknown processor'}, Node ${process.version}`,
    data: options.partition === undefined ? null : options.partition.key,
    galaxies,
    batchSize: options.batchSize,
    startSeconds,
    modelLoadSeconds: ranks[0].timing.model_load,
    modelDownloadBytes: bytes,
    modelDownloadObjects: objects,
    readBytesPerSecond,
    ranks,
  };
}

const PARTITION = '1.pt';

/** Puts a small partition into the store, as the model takes it: the first galaxies of the user's, or simulated ones. */
async function bringPartition(store: ObjectStore, from: ProbeOptions['partition'], spec: ModelSpec) {
  const shape = { imageShape: imageShape(spec.image), features: spec.features.length };
  if (from === undefined) {
    if (isAstromae(spec)) await writeSurvey(store, '', { count: GALAXIES, seed: SEED, partitionBytes: 64 * MEGABYTE });
    else await writePartition(store, PARTITION, { ...shape, count: GALAXIES, redshiftDtype: null }, imagined(spec));
    return { galaxies: GALAXIES, readBytesPerSecond: null };
  }
  const source = await openGalaxies(await storeSource(from.store, from.key), { columns: from.columns, spec });
  const galaxies = Math.min(GALAXIES, source.count);
  const started = performance.now();
  const batches: Galaxies[] = [];
  for await (const batch of source.batches({ size: 512, to: galaxies })) batches.push(batch);
  const seconds = (performance.now() - started) / 1000;
  const isLabelled = batches.every(({ redshift }) => redshift !== null);
  const truth = !isLabelled && { redshiftDtype: null };
  await writePartition(store, PARTITION, { ...shape, count: galaxies, ...truth }, batches);
  const bytes = batches.reduce((sum, { images }) => sum + images.byteLength, 0);
  return { galaxies, readBytesPerSecond: seconds > 0 ? bytes / seconds : null };
}

/** Galaxies of bands that no survey here is simulated in, a few again and again: what they cost is all that is asked. */
function* imagined(spec: ModelSpec): Generator<Galaxies> {
  const size = 32;
  const few = probeGalaxies(size, spec);
  for (let from = 0; from < GALAXIES; from += size) yield { ...few, from, redshift: null };
}

/** Fetches the model as a rank would, with all that belongs to it. */
async function bringModel(folder: string, { model, storedModel }: ProbeOptions) {
  if (storedModel === undefined || model !== undefined) return { model, bytes: 0, objects: 0 };
  const { store, key } = storedModel;
  const { path, bytes, files } = await fetchModel(modelInStore(store, key), join(folder, 'model'));
  return { model: path, bytes, objects: files };
}
