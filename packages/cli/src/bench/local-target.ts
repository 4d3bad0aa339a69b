import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Terminal } from '../output/terminal.ts';
import { execute, openPool } from '../run/execute.ts';
import { composePayload } from '../run/payload.ts';
import { placeOf } from '../run/report-run.ts';
import { accessNamed } from '../inputs/options.ts';
import { dataFolders, simulatedData } from './simulated-data.ts';
import type { SweepOptions, SweepTarget } from './sweep-target.ts';

export interface LocalSweepOptions extends SweepOptions {
  /** MB of a rank. */
  readonly memory: number;
  readonly concurrency?: number;
}

/**
 * This machine. The first run of each combination starts processes of its own, cold; its repeats share others.
 *
 * @param folder of the sweep
 */
export async function localTarget(
  options: LocalSweepOptions,
  folder: string,
  terminal: Terminal,
): Promise<SweepTarget> {
  const pool = await openPool({ ...options, logDirectory: join(folder, 'logs') }, terminal);
  const processors = cpus();
  return {
    configuration: {
      target: 'local',
      memory_mb: options.memory,
      machine: `${processors.length} x ${processors[0]?.model ?? 'unknown processor'}`,
    },
    run: async (run) => {
      const data =
        options.data === undefined
          ? (await simulatedData(run, options, join(folder, 'data'), terminal)).folder
          : [options.data.replace(/\/+$/, ''), ...dataFolders(run)].join('/');
      const { payload } = composePayload(
        {},
        {
          ...accessNamed(options),
          data,
          results: join(folder, 'results'),
          worldSize: run.world_size,
          batchSize: run.batch_size,
        },
        terminal.cwd,
      );
      const execution = await execute({ ...options, payload, quiet: true, ...(run.repeat > 1 && { pool }) }, terminal);
      return { execution, place: placeOf(execution, undefined) };
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}
