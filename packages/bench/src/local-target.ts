import { cpus } from 'node:os';
import { join } from 'node:path';
import type { RunToMake, SweepExecution, SweepTarget } from './sweep-target.ts';
import { ownData, simulatedData, type Simulate, type SweptData } from './swept-data.ts';

/** How runs are made on this machine. */
export interface LocalRuns {
  /** MB of a rank. */
  readonly memory: number;
  readonly simulate: Simulate;
  /** @param warm in processes that earlier runs of the sweep left; false: in new ones, of its own */
  execute(run: RunToMake, warm: boolean): Promise<SweepExecution>;
  close(): Promise<void>;
}

/**
 * This machine. The first run of each combination starts processes of its own, cold; its repeats share others.
 *
 * @param folder of the sweep, for surveys and results
 */
export function localTarget(folder: string, data: SweptData, runs: LocalRuns): SweepTarget {
  const processors = cpus();
  return {
    configuration: {
      target: 'local',
      memory_mb: runs.memory,
      machine: `${processors.length} x ${processors[0]?.model ?? 'unknown processor'}`,
    },
    run: async (run) => {
      const partitions =
        data.data === undefined
          ? (await simulatedData(run, data, join(folder, 'data'), runs.simulate)).folder
          : ownData(data.data, run);
      return runs.execute(
        {
          data: partitions,
          results: join(folder, 'results'),
          worldSize: run.world_size,
          batchSize: run.batch_size,
        },
        run.repeat > 1,
      );
    },
    [Symbol.asyncDispose]: () => runs.close(),
  };
}
