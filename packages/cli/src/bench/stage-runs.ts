import { resolve } from 'node:path';
import { awsEngine, openStageRun, uploadPartitions, type DeployedStage } from '@cosmicai/aws';
import { stageTarget, type SweepTarget } from '@cosmicai/bench';
import { contextOf } from '../engines.ts';
import { accessNamed } from '../inputs/options.ts';
import { progress } from '../output/progress.ts';
import { printLine, type Terminal } from '../output/terminal.ts';
import { simulateOn, sweepExecution, type SweepOptions } from './sweep-runs.ts';

/**
 * Runs of a sweep at a deployed stage.
 *
 * @param folder of the sweep, on this machine
 * @throws UserInputError when the stage isn't deployed
 */
export async function sweepAtStage(
  name: string,
  options: SweepOptions,
  folder: string,
  terminal: Terminal,
): Promise<SweepTarget> {
  const opened = await openStageRun(name);
  // The sweep tells a line for each run; what `run` says meanwhile would drown it.
  const quiet = { say: () => undefined, progress: () => ({ update: () => undefined, done: () => undefined }) };
  const engine = awsEngine({ ...contextOf(terminal), ...quiet, cwd: folder }, { stage: name });
  const { stage, called } = opened;
  const { region, inference, prefixes } = stage.options;
  const model = options.model === undefined ? undefined : resolve(terminal.cwd, options.model);
  return stageTarget(folder, options, {
    stage: {
      name,
      region,
      bucket: stage.bucket,
      prefixes: { data: prefixes.data[0] ?? 'datasets', results: prefixes.results[0] ?? 'results' },
      memory: inference.memory,
      architecture: inference.architecture,
      childType: called.childType,
    },
    cwd: terminal.cwd,
    simulate: simulateOn(terminal),
    upload: (from, prefix) => upload(from, stage, prefix, terminal),
    execute: async (run) => {
      const execution = await engine.start({ model, changes: { ...accessNamed(options), ...run } });
      try {
        return sweepExecution(await engine.events(execution, { see: () => undefined, signal: terminal.signal }));
      } catch (error) {
        // Nobody waits for it any more, and it would stand in the way of the run that goes on in its place.
        if (terminal.signal.aborted) await engine.stop(execution);
        throw error;
      }
    },
  });
}

async function upload(folder: string, stage: DeployedStage, prefix: string, terminal: Terminal): Promise<void> {
  const bar = progress(terminal, `Uploading to s3://${stage.bucket}/${prefix}`);
  let warnings: readonly string[];
  try {
    ({ warnings } = await uploadPartitions(folder, stage.store, prefix, {
      signal: terminal.signal,
      onFile: (done, total, file) => bar.update(done, total, file),
    }));
  } finally {
    bar.done();
  }
  for (const warning of warnings) printLine(terminal.stderr, `Warning: ${warning}`);
}
