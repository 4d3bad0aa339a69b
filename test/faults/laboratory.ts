import type { Bench } from './bench.ts';
import type { Kind, Outcome, Schedule } from './schedule.ts';

/** A schedule that was played, and what became of it. */
export interface Played {
  readonly schedule: Schedule;
  readonly outcome: Outcome;
  readonly seconds: number;
}

/** What became of the schedules of a kind. */
export interface KindCount {
  readonly kind: string;
  readonly schedules: number;
  readonly met: number;
  readonly unharmed: number;
  readonly resumed: number;
  readonly refused: number;
  readonly wrong: number;
  /** Ranks that were whole when a run went on, and those of them that ran again. */
  readonly kept: number;
  readonly recomputed: number;
  readonly seconds: number;
  /** Why there are none on this machine. */
  readonly skipped?: string;
}

export interface LaboratoryOptions {
  readonly seed: number;
  /** Schedules of each kind whose fault must really be met. */
  readonly each: number;
  readonly onPlayed?: (played: Played) => void;
  /** Whether there is time for another one; what is missing then falls short. */
  readonly hasTime?: () => boolean;
}

/** A fault that is missed more often than this is one that the kind can't bring about. */
const TRIES_FOR_ONE = 4;

/**
 * Plays schedules of each kind until the fault of so many was met; where one was missed, the next is drawn. The kinds take turns,
 * so that a run which is broken off has shown something of each.
 */
export async function runLaboratory(
  kinds: readonly Kind[],
  bench: Bench,
  { seed, each, onPlayed, hasTime = () => true }: LaboratoryOptions,
): Promise<KindCount[]> {
  const benches = kinds.map((kind) => ({ kind, skipped: kind.whyNot(), played: [] as Played[] }));
  const isDone = ({ skipped, played }: (typeof benches)[number]) =>
    skipped !== undefined || metIn(played) >= each || played.length >= TRIES_FOR_ONE * each;
  while (hasTime() && !benches.every(isDone)) {
    for (const turn of benches) {
      if (isDone(turn) || !hasTime()) continue;
      const one = await playOne(turn.kind.schedule(seed, turn.played.length), bench);
      turn.played.push(one);
      onPlayed?.(one);
    }
  }
  return benches.map(({ kind, skipped, played }) => ({
    ...countsOf(kind.name, played),
    ...(skipped !== undefined && { skipped }),
  }));
}

function metIn(played: readonly Played[]): number {
  return played.filter(({ outcome }) => outcome.met).length;
}

/** What breaks in a schedule itself is wrong too: nobody knows then what it would have shown. */
export async function playOne(schedule: Schedule, bench: Bench): Promise<Played> {
  const started = performance.now();
  const outcome = await schedule.play(bench).catch((error: unknown): Outcome => {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { met: true, ended: 'unharmed', problems: [`the schedule broke: ${why}`] };
  });
  return { schedule, outcome, seconds: (performance.now() - started) / 1000 };
}

function countsOf(kind: string, played: readonly Played[]): KindCount {
  const outcomes = played.map(({ outcome }) => outcome);
  const met = outcomes.filter((outcome) => outcome.met);
  const ending = (how: Outcome['ended']) => met.filter(({ ended }) => ended === how).length;
  const sum = (of: (outcome: Outcome) => number | undefined) =>
    outcomes.reduce((total, outcome) => total + (of(outcome) ?? 0), 0);
  return {
    kind,
    schedules: played.length,
    met: met.length,
    unharmed: ending('unharmed'),
    resumed: ending('resumed'),
    refused: ending('refused'),
    wrong: outcomes.filter(({ problems }) => problems.length > 0).length,
    kept: sum((outcome) => outcome.kept),
    recomputed: sum((outcome) => outcome.recomputed),
    seconds: played.reduce((total, { seconds }) => total + seconds, 0),
  };
}

/** What falls short: kinds whose fault was met too seldom, and those that brought something wrong to light. */
export function shortcomings(counts: readonly KindCount[], each: number): string[] {
  return counts
    .filter(({ skipped }) => skipped === undefined)
    .flatMap(({ kind, met, wrong, recomputed }) => [
      ...(met < each ? [`${kind}: the fault was met ${met} times, not ${each}`] : []),
      ...(wrong > 0 ? [`${kind}: ${wrong} wrong`] : []),
      ...(recomputed > 0 ? [`${kind}: ${recomputed} finished ranks ran again`] : []),
    ]);
}
