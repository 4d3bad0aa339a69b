import { resolve } from 'node:path';
import { uploadPartitions, type DeployedStage } from '@cosmicai/aws';
import { stageTarget, type SweepTarget } from '@cosmicai/bench';
import { followToEnd, keepOnStage, openStageRun, startOnStage } from '../aws/stage-run.ts';
import { accessNamed } from '../inputs/options.ts';
import { progress } from '../output/progress.ts';
import { printLine, type Output, type Terminal } from '../output/terminal.ts';
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
  const opened = await openStageRun(name, terminal);
  // The sweep tells a line for each run; what `run` says meanwhile would drown it.
  const quiet = { ...opened, terminal: { ...terminal, interactive: false, stderr: nowhere(), cwd: folder } };
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
      const payload = { ...accessNamed(options), ...run, ...(model !== undefined && { model }) };
      const arn = await startOnStage(quiet, {}, payload);
      try {
        const execution = await followToEnd(quiet, arn);
        await keepOnStage(execution, quiet);
        return sweepExecution(execution, execution.place);
      } catch (error) {
        // Nobody waits for it any more, and it would stand in the way of the run that goes on in its place.
        if (terminal.signal.aborted) await stage.workflow.stop(arn, 'The sweep was stopped');
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

function nowhere(): Output {
  return { write: () => undefined };
}
