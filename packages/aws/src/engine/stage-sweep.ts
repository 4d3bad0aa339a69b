import { resolve } from 'node:path';
import type { SweepTarget } from '@cosmicai/bench';
import { runOfSweep, type Engine, type EngineContext, type SweepRequest } from '@cosmicai/engine';
import { uploadShown, type StageRun } from './stage-run.ts';
import { stageTarget } from './stage-target.ts';

/** @param engineIn the engine, in a process that stands in a folder and shows nothing */
export function sweepOnStage(
  request: SweepRequest,
  { stage, called }: StageRun,
  context: EngineContext,
  engineIn: (context: EngineContext) => Engine,
): SweepTarget {
  // The sweep tells a line for each run; what `run` says meanwhile would drown it.
  const quiet = { say: () => undefined, progress: () => ({ update: () => undefined, done: () => undefined }) };
  const engine = engineIn({ ...context, ...quiet, cwd: request.folder });
  const { region, inference, prefixes } = stage.options;
  const model = request.model === undefined ? undefined : resolve(context.cwd, request.model);
  return stageTarget(request.folder, request.data, {
    stage: {
      name: stage.name,
      region,
      bucket: stage.bucket,
      prefixes: { data: prefixes.data[0] ?? 'datasets', results: prefixes.results[0] ?? 'results' },
      memory: inference.memory,
      architecture: inference.architecture,
      childType: called.childType,
    },
    cwd: context.cwd,
    simulate: request.simulate,
    upload: async (folder, prefix) => {
      const { warnings } = await uploadShown(stage, { folder, prefix }, context);
      for (const warning of warnings) context.say(`Warning: ${warning}`);
    },
    execute: (run) => runOfSweep(engine, run, { ...request, model }, context.signal),
  });
}
