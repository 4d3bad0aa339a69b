import { basename, join, resolve } from 'node:path';
import {
  dataFolders,
  ownData,
  simulatedData,
  type RunToMake,
  type Simulate,
  type SweepExecution,
  type SweepRun,
  type SweepTarget,
  type SweptData,
} from '@cosmicai/bench';
import type { Architecture } from '@cosmicai/metrics';

/** A deployed stage, and how runs are made there. */
export interface StageRuns {
  readonly stage: {
    readonly name: string;
    readonly region: string;
    readonly bucket: string;
    /** Of the bucket: below which its functions read, and write. */
    readonly prefixes: { readonly data: string; readonly results: string };
    /** Of a rank's function. */
    readonly memory: number;
    readonly architecture: Architecture;
    /** Kind of the Distributed Map's child executions. */
    readonly childType: string;
  };
  /** Against which the user's folder is named. */
  readonly cwd: string;
  readonly simulate: Simulate;
  /** Brings the partition files of a folder of this machine below a prefix of the stage's bucket. */
  upload(folder: string, prefix: string): Promise<void>;
  execute(run: RunToMake): Promise<SweepExecution>;
}

/**
 * A deployed stage. Whether a run found warm functions is Lambda's affair, and told by their REPORT lines.
 *
 * @param folder of the sweep, on this machine
 */
export function stageTarget(folder: string, data: SweptData, runs: StageRuns): SweepTarget {
  const { stage } = runs;
  const partitions = new StageData(folder, data, runs);
  return {
    configuration: {
      target: 'aws',
      stage: stage.name,
      region: stage.region,
      memory_mb: stage.memory,
      architecture: stage.architecture,
      map_execution_type: stage.childType,
    },
    place: stage.name,
    hasDataSets: true,
    run: async (run) =>
      runs.execute({
        data: await partitions.addressOf(run),
        results: `${stage.prefixes.results}/bench`,
        worldSize: run.world_size,
        batchSize: run.batch_size,
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Where the partitions of a run lie for the stage's functions, bringing them there when they are first needed. */
class StageData {
  readonly #folder: string;
  readonly #data: SweptData;
  readonly #runs: StageRuns;
  readonly #uploaded = new Set<string>();

  constructor(folder: string, data: SweptData, runs: StageRuns) {
    this.#folder = folder;
    this.#data = data;
    this.#runs = runs;
  }

  async addressOf(run: SweepRun): Promise<string> {
    const { data } = this.#data;
    const below = dataFolders(run);
    if (data?.includes('://') === true) return ownData(data, run);
    if (data !== undefined) {
      const folder = resolve(this.#runs.cwd, data);
      return this.#upload(join(folder, ...below), [basename(folder), ...below].join('/'));
    }
    // The stage's own data sets, as teams lay them out: datasets/small, …
    if (run.data_size !== null) return this.#address(this.#prefix(below.join('/')));
    const { name, folder } = await simulatedData(run, this.#data, join(this.#folder, 'data'), this.#runs.simulate);
    return this.#upload(folder, `bench/${name}`);
  }

  #prefix(path: string): string {
    return `${this.#runs.stage.prefixes.data}/${path}`;
  }

  #address(prefix: string): string {
    return `s3://${this.#runs.stage.bucket}/${prefix}`;
  }

  async #upload(folder: string, path: string): Promise<string> {
    const prefix = this.#prefix(path);
    if (!this.#uploaded.has(prefix)) {
      await this.#runs.upload(folder, prefix);
      this.#uploaded.add(prefix);
    }
    return this.#address(prefix);
  }
}
