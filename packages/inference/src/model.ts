import type { RankTask } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { ModelFetcher } from './fetch-model.ts';
import { DEFAULT_CACHE_FOLDER, openModel, type LoadedModel } from './open-model.ts';
import type { PredictorOptions } from './predictor.ts';

export interface ModelCacheOptions {
  readonly openStore: (address: string) => ObjectStore;
  /** Model file of tasks that name none. */
  readonly defaultModelPath: string;
  readonly sessions: Pick<PredictorOptions, 'workers' | 'threads'>;
  /** Folder for models fetched from a store, and for what was found of models. */
  readonly cacheFolder?: string;
}

/** The part of a rank's task that says which model it wants, and how. */
export type WantedModel = Pick<RankTask, 'MODEL' | 'S3_BUCKET' | 'MODEL_INPUTS' | 'ALLOW_BATCH_DEPENDENCE'>;

/** Keeps the predictors of this process, so that a warm function loads a model once. */
export class ModelCache {
  readonly #options: ModelCacheOptions;
  readonly #cacheFolder: string;
  readonly #fetcher: ModelFetcher;
  readonly #loaded = new Map<string, Promise<LoadedModel>>();

  constructor(options: ModelCacheOptions) {
    this.#options = options;
    this.#cacheFolder = options.cacheFolder ?? DEFAULT_CACHE_FOLDER;
    this.#fetcher = new ModelFetcher(this.#cacheFolder, options.openStore);
  }

  /** @throws UserInputError when the task's model doesn't exist, isn't one, or doesn't fit */
  async load(task: WantedModel): Promise<LoadedModel> {
    const { defaultModelPath } = this.#options;
    const { path, label } =
      task.MODEL === undefined
        ? { path: defaultModelPath, label: defaultModelPath }
        : await this.#fetcher.fetch(task.MODEL, task.S3_BUCKET);
    const { MODEL_INPUTS: names = {}, ALLOW_BATCH_DEPENDENCE: allowBatchDependence = false } = task;
    const key = JSON.stringify([path, names.image, names.magnitudes, names.redshift, allowBatchDependence]);
    let loading = this.#loaded.get(key);
    if (loading === undefined) {
      loading = openModel({
        ...this.#options.sessions,
        modelPath: path,
        label,
        names,
        allowBatchDependence,
        cacheFolder: this.#cacheFolder,
      });
      this.#loaded.set(key, loading);
      // A failure is not kept: the file may be there next time.
      loading.catch(() => this.#loaded.delete(key));
    }
    return loading;
  }
}
