import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import type { SweepRun } from './sweep.ts';

/** What the runs of a sweep read. */
export interface SweptData {
  /** Folder or address of partitions; undefined: a simulated survey. */
  readonly data?: string;
  /** Galaxies of the simulated survey, where it is the medium one. */
  readonly count: number;
  readonly seed: number;
}

/** Writes partition files of simulated galaxies into a folder of this machine, which it makes. */
export type Simulate = (survey: {
  readonly count: number;
  readonly seed: number;
  /** Of a file, as the sweep names it: `25MB`. */
  readonly partitionSize: string;
  readonly out: string;
}) => Promise<unknown>;

/** Galaxies of the simulated data sets, as a multiple of --count. */
const SIZES: Readonly<Record<string, number>> = { small: 0.25, medium: 1, large: 4 };
/** Small enough that four ranks of the smallest data set have files. */
const DEFAULT_PARTITION = '2MB';

/** Folders by which the data sets of a run are told apart, below the user's own folder. */
export function dataFolders(run: SweepRun): string[] {
  return [run.data_size, run.partition_size].filter((part) => part !== null);
}

/** The user's own data set of a run. @param data folder or address */
export function ownData(data: string, run: SweepRun): string {
  return [data.replace(/\/+$/, ''), ...dataFolders(run)].join('/');
}

/**
 * The simulated survey of a run, made when it is first needed. Its folder's name says what it was made with, so that a sweep
 * that goes on with other figures doesn't take an older survey for its own.
 *
 * @returns its name, and the folder below `within` that holds it
 * @throws UserInputError when the run's data set is none that can be simulated
 */
export async function simulatedData(
  run: SweepRun,
  { count, seed }: Pick<SweptData, 'count' | 'seed'>,
  within: string,
  simulate: Simulate,
): Promise<{ readonly name: string; readonly folder: string }> {
  const factor = SIZES[run.data_size ?? 'medium'];
  if (factor === undefined)
    throw new UserInputError(
      `"${run.data_size ?? ''}" is not a simulated data set: use small, medium, large, or name your own with --data.`,
    );
  const galaxies = Math.max(1, Math.round(count * factor));
  const partitionSize = run.partition_size ?? DEFAULT_PARTITION;
  const name = `simulated-${galaxies}-${partitionSize}-seed${seed}`;
  const folder = join(within, name);
  if (!existsSync(folder)) {
    const partial = `${folder}.partial`;
    await simulate({ count: galaxies, seed, partitionSize, out: partial });
    await rename(partial, folder);
  }
  return { name, folder };
}
