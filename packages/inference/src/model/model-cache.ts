import type { RankTask } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { coresGiven } from '../cores-given.ts';
import type { PredictorOptions } from '../predictor.ts';
import { modelNamed, modelOnDisk, type FoundFile, type ModelSource } from './model-source.ts';
import { loadModel, type LoadedModel, type LoadOptions } from './open-model.ts';
import { readModel } from './read-model.ts';

export interface ModelCacheOptions {
  readonly openStore: (address: string) => ObjectStore;
  /** Model file of tasks that name none. */
  readonly defaultModelPath: string;
  readonly sessions: Pick<PredictorOptions, 'workers' | 'threads'>;
  /** MB of 2^20 bytes that the process may use; undefined: only the newest model is kept. */
  readonly memoryMb?: number;
  /** Folder for what was found of models; default: of this user among the temporary files. */
  readonly cacheFolder?: string;
}

/** The part of a rank's task that says which model it wants, and how. */
export type WantedModel = Pick<RankTask, 'MODEL' | 'S3_BUCKET' | 'MODEL_INPUTS' | 'ALLOW_BATCH_DEPENDENCE'>;

/** A model in use: it stays open until it is disposed of. */
export type LeasedModel = LoadedModel & Disposable;

interface Entry {
  readonly source: ModelSource;
  readonly loading: Promise<LoadedModel>;
  loaded: LoadedModel | undefined;
  /** Versions of the files beside the graph; none before they are read. */
  beside: ReadonlyMap<string, string | undefined>;
  /** What its sessions take, in bytes; 0 before that is known. */
  memory: number;
  /** Ranks that use it or wait for it. */
  users: number;
  /** Given to no rank any more, and closed when the last is done with it. */
  retired: boolean;
}

const MIB = 2 ** 20;
/** Of the process's memory; the rest is for a rank's own work and for loading the next model, which takes thrice its size. */
const SHARE_FOR_MODELS = 1 / 4;
/** Measured with the demo model (26 MB of fp16: 100 MB a session) and one of 81 MB of fp32 (180 MB a session). */
const MEMORY_PER_SESSION = 50 * MIB;
const MEMORY_PER_BYTE = 2;

/**
 * The models of this process, so that a warm function loads a model once. Those whose last use is longest ago are closed where
 * the next needs their room; the newest stays, whatever its size.
 */
export class ModelCache implements AsyncDisposable {
  readonly #options: ModelCacheOptions;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: ModelCacheOptions) {
    this.#options = options;
  }

  /**
   * The model of a task; who asks for it disposes of it when it is done. One that was changed since it was read is read again.
   *
   * @throws UserInputError when the task's model doesn't exist, isn't one, or doesn't fit; the next call tries again
   */
  async load(task: WantedModel): Promise<LeasedModel> {
    const source = this.#sourceOf(task);
    const graph = await source.find(source.graph);
    const { MODEL_INPUTS: names = {}, ALLOW_BATCH_DEPENDENCE: allowBatchDependence = false } = task;
    const key = JSON.stringify([
      ...[source.address, graph?.version],
      ...[names.image, names.magnitudes, names.redshift, allowBatchDependence],
    ]);
    const known = this.#entries.get(key);
    if (known !== undefined && !(await isUsable(known))) this.#retire(key, known);
    const entry = this.#entries.get(key) ?? this.#begin(source, graph, { names, allowBatchDependence });
    // To the end of the order.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      return leased(await entry.loading, () => this.#release(entry));
    } catch (error) {
      // The file may be there next time.
      this.#retire(key, entry);
      this.#release(entry);
      throw error;
    }
  }

  /** Closes every model, those in use when they are disposed of. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const [key, entry] of [...this.#entries]) this.#retire(key, entry);
    await Promise.all(this.#closing);
  }

  #sourceOf({ MODEL: model, S3_BUCKET: bucket }: WantedModel): ModelSource {
    const { defaultModelPath, openStore } = this.#options;
    return model === undefined ? modelOnDisk(defaultModelPath) : modelNamed(model, bucket, openStore);
  }

  #begin(
    source: ModelSource,
    graph: FoundFile | undefined,
    how: Pick<LoadOptions, 'names' | 'allowBatchDependence'>,
  ): Entry {
    const { sessions, cacheFolder } = this.#options;
    const begin = async (): Promise<LoadedModel> => {
      const content = await readModel(source, graph);
      entry.beside = content.beside;
      entry.memory = (sessions.workers ?? coresGiven()) * memoryOfSession(content.size);
      await this.#makeRoom();
      entry.loaded = await loadModel(content, {
        ...sessions,
        ...how,
        ...(cacheFolder !== undefined && { cacheFolder }),
      });
      return entry.loaded;
    };
    const entry: Entry = {
      source,
      loading: Promise.resolve().then(begin),
      loaded: undefined,
      beside: new Map(),
      memory: 0,
      users: 0,
      retired: false,
    };
    return entry;
  }

  /** Closes models that nobody uses, the one of the oldest use first, until the rest fits. */
  async #makeRoom(): Promise<void> {
    const room = (this.#options.memoryMb ?? 0) * MIB * SHARE_FOR_MODELS;
    let taken = [...this.#entries.values()].reduce((sum, { memory }) => sum + memory, 0);
    for (const [key, entry] of [...this.#entries]) {
      if (taken <= room) break;
      if (entry.users > 0) continue;
      taken -= entry.memory;
      this.#retire(key, entry);
    }
    await Promise.all(this.#closing);
  }

  #retire(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.retired = true;
    if (entry.users === 0) this.#close(entry);
  }

  #release(entry: Entry): void {
    entry.users--;
    if (entry.retired && entry.users === 0) this.#close(entry);
  }

  #close({ loading }: Entry): void {
    const closing = loading
      .then(
        ({ predictor }) => predictor.close(),
        // Loading failed, and left nothing to close.
        () => undefined,
      )
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

function memoryOfSession(modelBytes: number): number {
  return MEMORY_PER_SESSION + MEMORY_PER_BYTE * modelBytes;
}

/** Whether the model still is what its files hold, and predicts. */
async function isUsable({ source, loaded, beside }: Entry): Promise<boolean> {
  if (loaded?.predictor.closed === true) return false;
  const asBefore = [...beside].map(async ([name, version]) => (await source.find(name))?.version === version);
  return (await Promise.all(asBefore)).every(Boolean);
}

function leased(model: LoadedModel, release: () => void): LeasedModel {
  let isOut = true;
  return {
    ...model,
    [Symbol.dispose]() {
      if (isOut) release();
      isOut = false;
    },
  };
}
