import { join } from 'node:path';
import type { RunToMake, SweepExecution, SweepTarget } from './sweep-target.ts';
import { ownData, simulatedData, type Simulate, type SweptData } from './swept-data.ts';

/** How runs are made that read and write folders of this machine. */
export interface FolderRuns extends Pick<SweepTarget, 'configuration' | 'place'> {
  readonly simulate: Simulate;
  /** @param repeats whether the same combination ran before: processes that earlier runs left may be used again */
  execute(run: RunToMake, repeats: boolean): Promise<SweepExecution>;
  close?(): Promise<void>;
}

/**
 * Runs on data as they are named, or simulated where none are.
 *
 * @param folder of the sweep, for surveys and results
 */
export function folderTarget(folder: string, data: SweptData, runs: FolderRuns): SweepTarget {
  return {
    configuration: runs.configuration,
    place: runs.place,
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
    [Symbol.asyncDispose]: async () => runs.close?.(),
  };
}
