import { seededRandom } from '@cosmicai/metrics';
import { itemAt } from '@cosmicai/payload';

/** One run of a sweep, before it is run. */
export interface SweepRun {
  readonly world_size: number;
  readonly batch_size: number;
  readonly data_size: string | null;
  readonly partition_size: string | null;
  /** 1, 2, 3, … */
  readonly repeat: number;
}

export interface SweepAxes {
  readonly worldSizes: readonly number[];
  readonly batchSizes: readonly number[];
  /** Names of the data sets; [null] for a single one without a name. */
  readonly dataSizes: readonly (string | null)[];
  readonly partitionSizes: readonly (string | null)[];
  readonly repeat: number;
}

/**
 * The runs of a sweep, repeat by repeat, each repeat in an order of its own: a machine that grows slower in the course of
 * the sweep then slows all configurations alike instead of the last ones.
 *
 * @param seed the same gives the same order
 */
export function sweepRuns(axes: SweepAxes, seed: number): SweepRun[] {
  const random = seededRandom(seed);
  return Array.from({ length: axes.repeat }, (_, index) => {
    const runs = axes.dataSizes.flatMap((data_size) =>
      axes.partitionSizes.flatMap((partition_size) =>
        axes.worldSizes.flatMap((world_size) =>
          axes.batchSizes.map((batch_size) => ({
            world_size,
            batch_size,
            data_size,
            partition_size,
            repeat: index + 1,
          })),
        ),
      ),
    );
    for (let last = runs.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1));
      [runs[last], runs[other]] = [itemAt(runs, other), itemAt(runs, last)];
    }
    return runs;
  }).flat();
}

/** Name of a run in the bench folder. */
export function nameOf(run: SweepRun): string {
  return [run.data_size, run.partition_size, `w${run.world_size}`, `b${run.batch_size}`, `r${run.repeat}`]
    .filter((part) => part !== null)
    .join('-');
}
