import { runRank, type Functions, type RankOutcome } from '../../src/index.ts';
import type { RunPlace } from '@cosmicai/runs';
import pMap from 'p-map';

export interface SpotOptions {
  readonly place: RunPlace;
  readonly tasks: number;
  readonly atOnce: number;
  readonly functions: Functions;
  /** Shares of the tasks that are killed, at their first attempt, and that are delivered twice at once. */
  readonly killed: number;
  readonly twice: number;
}

export interface SpotRun {
  readonly outcomes: readonly RankOutcome[];
  /** Attempts whose processes were killed. */
  readonly kills: number;
  /** Attempts that found all done. */
  readonly foundDone: number;
}

/**
 * A scheduler of array jobs on one machine, as spot capacity makes them: processes are killed before a rank has begun or amid it, their
 * tasks are delivered again, and some tasks come twice, at once or when they are done.
 */
export async function runOnSpot({ place, tasks, atOnce, functions, killed, twice }: SpotOptions): Promise<SpotRun> {
  let kills = 0;
  const attempt = (index: number, kill?: 'before' | 'amid') => {
    const notice = new AbortController();
    const end = () => notice.abort(new Killed());
    const running = runRank({
      ...{ place, index, functions, signal: notice.signal },
      onProgress: () => {
        if (kill === 'amid') end();
      },
    });
    if (kill === 'before') end();
    return running.catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
      kills++;
      return undefined;
    });
  };
  const ofTask = async (index: number): Promise<RankOutcome[]> => {
    // Spread over the array, so that it doesn't matter where in it tasks are.
    const drawn = (index * 0.618_034) % 1;
    if (drawn < killed) await attempt(index, index % 2 === 0 ? 'before' : 'amid');
    const deliveries = drawn > 1 - twice ? [attempt(index), attempt(index)] : [attempt(index)];
    const done = await Promise.all(deliveries);
    const again = drawn > 1 - twice / 2 ? [await attempt(index)] : [];
    return [...done, ...again].filter((outcome) => outcome !== undefined);
  };
  const outcomes = (
    await pMap(
      Array.from({ length: tasks }, (_, index) => index),
      ofTask,
      { concurrency: atOnce },
    )
  ).flat();
  return { outcomes, kills, foundDone: outcomes.filter(({ status }) => status === 'done_before').length };
}

class Killed extends Error {}
