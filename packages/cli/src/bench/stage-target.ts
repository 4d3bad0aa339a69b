import type { SweepRun } from '@cosmicai/bench';
import { basename, join, resolve } from 'node:path';
import { uploadPartitions } from '@cosmicai/aws';
import { followToEnd, keepOnStage, openStageRun, startOnStage, type StageRun } from '../aws/stage-run.ts';
import { accessNamed } from '../inputs/options.ts';
import { progress } from '../output/progress.ts';
import { printLine, type Output, type Terminal } from '../output/terminal.ts';
import { dataFolders, simulatedData } from './simulated-data.ts';
import type { SweepOptions, SweepTarget } from './sweep-target.ts';

/**
 * A deployed stage. Whether a run found warm functions is Lambda's affair, and told by their REPORT lines.
 *
 * @param folder of the sweep, on this machine
 * @throws UserInputError when the stage isn't deployed
 */
export async function stageTarget(
  stage: string,
  options: SweepOptions,
  folder: string,
  terminal: Terminal,
): Promise<SweepTarget> {
  const opened = await openStageRun(stage, terminal);
  // The sweep tells a line for each run; what `run` says meanwhile would drown it.
  const quiet = { ...opened, terminal: { ...terminal, interactive: false, stderr: nowhere(), cwd: folder } };
  const data = new StageData(opened, options, folder);
  const { region, inference, prefixes } = opened.stage.options;
  const model = options.model === undefined ? undefined : resolve(terminal.cwd, options.model);
  return {
    configuration: {
      target: 'aws',
      stage,
      region,
      memory_mb: inference.memory,
      architecture: inference.architecture,
      map_execution_type: opened.called.childType,
    },
    run: async (run) => {
      const payload = {
        ...accessNamed(options),
        data: await data.addressOf(run),
        results: `${prefixes.results[0] ?? 'results'}/bench`,
        worldSize: run.world_size,
        batchSize: run.batch_size,
        ...(model !== undefined && { model }),
      };
      const arn = await startOnStage(quiet, {}, payload);
      try {
        const execution = await followToEnd(quiet, arn);
        await keepOnStage(execution, quiet);
        return { execution, place: execution.place };
      } catch (error) {
        // Nobody waits for it any more, and it would stand in the way of the run that goes on in its place.
        if (terminal.signal.aborted) await opened.stage.workflow.stop(arn, 'The sweep was stopped');
        throw error;
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Where the partitions of a run lie for the stage's functions, bringing them there when they are first needed. */
class StageData {
  readonly #run: StageRun;
  readonly #options: SweepOptions;
  readonly #folder: string;
  readonly #uploaded = new Set<string>();

  constructor(run: StageRun, options: SweepOptions, folder: string) {
    this.#run = run;
    this.#options = options;
    this.#folder = folder;
  }

  async addressOf(run: SweepRun): Promise<string> {
    const { data } = this.#options;
    const { terminal } = this.#run;
    const below = dataFolders(run);
    if (data?.includes('://') === true) return [data.replace(/\/+$/, ''), ...below].join('/');
    if (data !== undefined) {
      const folder = resolve(terminal.cwd, data);
      return this.#upload(join(folder, ...below), [basename(folder), ...below].join('/'));
    }
    // The stage's own data sets, as teams lay them out: datasets/small, …
    if (run.data_size !== null) return this.#inBucket(below.join('/'));
    const { name, folder } = await simulatedData(run, this.#options, join(this.#folder, 'data'), terminal);
    return this.#upload(folder, `bench/${name}`);
  }

  #inBucket(path: string): string {
    const { bucket, options } = this.#run.stage;
    return `s3://${bucket}/${options.prefixes.data[0] ?? 'datasets'}/${path}`;
  }

  async #upload(folder: string, path: string): Promise<string> {
    const address = this.#inBucket(path);
    if (this.#uploaded.has(address)) return address;
    const { stage, terminal } = this.#run;
    const bar = progress(terminal, `Uploading to ${address}`);
    let warnings: readonly string[];
    try {
      ({ warnings } = await uploadPartitions(folder, stage.store, address.slice(`s3://${stage.bucket}/`.length), {
        signal: terminal.signal,
        onFile: (done, total, name) => bar.update(done, total, name),
      }));
    } finally {
      bar.done();
    }
    for (const warning of warnings) printLine(terminal.stderr, `Warning: ${warning}`);
    this.#uploaded.add(address);
    return address;
  }
}

function nowhere(): Output {
  return { write: () => undefined };
}
