import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { UserInputError, type RankTask, type TrainedRanges } from '@cosmicai/payload';
import { parseAddress, type ObjectStore } from '@cosmicai/store';
import { createPredictor, type Predictor, type PredictorOptions } from './predictor.ts';
import { readTrainedRanges, trainedRangesFile } from './quality/trained-ranges.ts';

/** A model ready to predict. */
export interface LoadedModel {
  readonly sha256: string;
  readonly predictor: Predictor;
  /** What it was trained on; undefined where nobody says. */
  readonly trained: TrainedRanges | undefined;
}

export interface ModelCacheOptions {
  readonly openStore: (address: string) => ObjectStore;
  /** Model file of tasks that name none. */
  readonly defaultModelPath: string;
  readonly sessions: Omit<PredictorOptions, 'modelPath'>;
  /** Folder for models fetched from a store. */
  readonly cacheFolder?: string;
}

/**
 * Keeps the predictors of this process, so that a warm function loads a model once. A model of a store is named by its
 * etag in the cache, so a new upload under the same key is noticed.
 */
export class ModelCache {
  readonly #options: ModelCacheOptions;
  readonly #loaded = new Map<string, Promise<LoadedModel>>();

  constructor(options: ModelCacheOptions) {
    this.#options = options;
  }

  /** @throws UserInputError when the task's model doesn't exist or isn't one */
  async load(task: Pick<RankTask, 'MODEL' | 'S3_BUCKET'>): Promise<LoadedModel> {
    const path =
      task.MODEL === undefined ? this.#options.defaultModelPath : await this.#fetch(task.MODEL, task.S3_BUCKET);
    let loading = this.#loaded.get(path);
    if (loading === undefined) {
      loading = this.#open(path);
      this.#loaded.set(path, loading);
      // A failure is not kept: the file may be there next time.
      loading.catch(() => this.#loaded.delete(path));
    }
    return loading;
  }

  async #open(modelPath: string): Promise<LoadedModel> {
    const [sha256, trained, predictor] = await Promise.all([
      sha256OfFile(modelPath),
      readTrainedRanges(modelPath),
      createPredictor({ ...this.#options.sessions, modelPath }),
    ]);
    return { sha256, predictor, trained };
  }

  /** Answers the path of the model on this machine, fetching it when it isn't here yet. */
  async #fetch(model: string, bucket: string): Promise<string> {
    if (model.startsWith('file://')) return fileURLToPath(model);
    const { store: address, key } = model.includes('://') ? parseAddress(model) : { store: bucket, key: model };
    const store = this.#options.openStore(address);
    const info = await store.head(key);
    if (info === undefined)
      throw new UserInputError(`There is no model ${key} in ${store.url}. Check "model" in the payload.`);
    const folder = this.#options.cacheFolder ?? join(tmpdir(), 'cosmicai-models');
    const name = createHash('sha256').update(`${store.url}\n${key}\n${info.etag}`).digest('hex');
    const path = join(folder, `${name}.onnx`);
    if (this.#loaded.has(path)) return path;
    await mkdir(folder, { recursive: true });
    const partial = `${path}.${process.pid}`;
    await writeFile(partial, await store.get(key));
    const beside = trainedRangesFile(key);
    if ((await store.head(beside)) !== undefined) await writeFile(trainedRangesFile(path), await store.get(beside));
    await rename(partial, path);
    return path;
  }
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw new UserInputError(`The model file ${path} can't be read: ${(error as Error).message}`, { cause: error });
  }
  return hash.digest('hex');
}
