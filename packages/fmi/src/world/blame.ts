import { itemAt } from '@cosmicai/payload';
import type { ActiveOperation, FailureNotice, RankStatus } from '../channels/channel.ts';
import { describeSlot, isPointToPoint, type Slot } from '../operation.ts';

/** Asks the last rank of the path what it is doing; undefined when no answer comes. */
export type Enquire = (path: readonly number[]) => Promise<RankStatus | undefined>;

/**
 * Finds out why an operation doesn't end: follows who waits for whom until a rank that is silent, is elsewhere, or until the chain
 * bites its tail.
 *
 * @param rank who asks
 * @param waitingOn ranks the operation waits for, not empty
 */
export async function findCulprit(
  rank: number,
  operation: Slot,
  waitingOn: readonly number[],
  enquire: Enquire,
): Promise<FailureNotice> {
  const seen = new Set<number>([rank]);
  let circle: FailureNotice | undefined;
  let slowest: number | undefined;
  let frontier = waitingOn.map((target) => ({ path: [target], need: operation, waiter: rank }));
  while (frontier.length > 0) {
    const next: typeof frontier = [];
    const fresh = frontier.filter(({ path }) => !seen.has(itemAt(path, path.length - 1)));
    const statuses = await Promise.all(fresh.map(async (step) => ({ ...step, status: await enquire(step.path) })));
    for (const { path, need, waiter, status } of statuses) {
      const target = itemAt(path, path.length - 1);
      seen.add(target);
      if (status === undefined)
        return lost(target, `it did not answer while rank ${waiter} waited for it in ${describeSlot(need)}`);
      const verdict = judge(target, need, waiter, status);
      if ('kind' in verdict) return verdict;
      if (verdict.waitingOn.length === 0) slowest ??= target;
      for (const other of verdict.waitingOn) {
        if (seen.has(other)) circle ??= deadlock(target, verdict, other, waiter, need);
        else next.push({ path: [...path, other], need: verdict, waiter: target });
      }
    }
    frontier = next;
  }
  // Somebody who has all it needs is only slow; a circle without such a rank can't ever end.
  if (slowest !== undefined) return lost(slowest, `it did not finish its part of ${describeSlot(operation)} in time`);
  return circle ?? lost(itemAt(waitingOn, 0), `it did not finish its part of ${describeSlot(operation)} in time`);
}

function judge(target: number, need: Slot, waiter: number, status: RankStatus): FailureNotice | ActiveOperation {
  const same = status.active.find((active) => active.context === need.context && active.sequence === need.sequence);
  if (same !== undefined && !isPointToPoint(need.context) && same.signature !== need.signature) {
    return mismatch(waiter, need, target, same);
  }
  const doing = same ?? status.active[0];
  return doing ?? lost(target, `it never began ${describeSlot(need)}, which rank ${waiter} waits for`);
}

function deadlock(target: number, doing: Slot, other: number, waiter: number, need: Slot): FailureNotice {
  return {
    kind: 'mismatch',
    ranks: [waiter, target],
    reason: `Rank ${waiter} waits in ${describeSlot(need)} for rank ${target}, which waits in ${describeSlot(doing)} for rank ${other}: none of them can go on`,
  };
}

/** Two ranks are at the same point of the program with different operations. */
export function mismatch(a: number, inA: Slot, b: number, inB: Slot): FailureNotice {
  return {
    kind: 'mismatch',
    ranks: [a, b],
    reason: `Rank ${a} is in ${describeSlot(inA)} while rank ${b} is in ${describeSlot(inB)}`,
  };
}

export function lost(rank: number, reason: string): FailureNotice {
  return { kind: 'lost', ranks: [rank], reason };
}
