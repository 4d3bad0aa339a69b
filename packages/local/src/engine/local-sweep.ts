import { cpus } from 'node:os';
import { join } from 'node:path';
import { folderTarget, type SweepTarget } from '@cosmicai/bench';
import { runOfSweep, type Engine, type EngineContext, type SweepRequest } from '@cosmicai/engine';
import type { FunctionPool } from '../pool/function-pool.ts';
import { openPool } from './open-pool.ts';
import { RANK_MEMORY_MIB, type LocalSettings } from './settings.ts';

/**
 * The first run of each combination starts processes of its own, cold; its repeats share others.
 *
 * @param engineWith the engine, whose functions run in these processes, or in new ones for each execution
 */
export async function sweepHere(
  request: SweepRequest,
  { memory = RANK_MEMORY_MIB, concurrency }: LocalSettings,
  context: EngineContext,
  engineWith: (pool: FunctionPool | undefined) => Engine,
): Promise<SweepTarget> {
  const model = context.modelAt(request.model);
  const pool = await openPool({ memory, concurrency }, model, join(request.folder, 'logs'));
  const engines = { cold: engineWith(undefined), warm: engineWith(pool) };
  const processors = cpus();
  return folderTarget(request.folder, request.data, {
    configuration: {
      target: 'local',
      memory_mb: memory,
      machine: `${processors.length} x ${processors[0]?.model ?? 'unknown processor'}`,
    },
    simulate: request.simulate,
    execute: (run, repeats) =>
      runOfSweep(repeats ? engines.warm : engines.cold, run, { ...request, model }, context.signal),
    close: () => pool.close(),
  });
}
