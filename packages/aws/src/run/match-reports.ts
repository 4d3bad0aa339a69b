import type { Attempt } from './history.ts';
import type { LoggedReport } from '../services/function-logs.ts';

/** An attempt with the child execution it happened in, e.g. `Infer[3]`; undefined in the run itself. */
export interface PlacedAttempt extends Readonly<Attempt> {
  readonly in: string | undefined;
}

export interface MatchedReport {
  readonly attempt: PlacedAttempt;
  readonly logged: LoggedReport;
}

export interface MatchedReports {
  readonly matched: readonly MatchedReport[];
  /** Attempts that were over, but of which no REPORT line was found. */
  readonly attemptsWithout: readonly PlacedAttempt[];
}

/** Step Functions and Lambda keep clocks of their own. */
const CLOCK_TOLERANCE_MS = 1000;

/**
 * Finds the REPORT line of each invocation. An invocation that succeeded names its request. One that failed doesn't: its
 * line is the one of the same function that no other invocation has and that ended last within the attempt.
 */
export function matchReports(attempts: readonly PlacedAttempt[], reports: readonly LoggedReport[]): MatchedReports {
  const matched: MatchedReport[] = [];
  const attemptsWithout: PlacedAttempt[] = [];
  const byRequest = new Map(reports.map((logged) => [logged.report.requestId, logged]));
  const named = new Set(attempts.flatMap(({ requestId }) => (requestId === undefined ? [] : [requestId])));
  const free = new Set(reports.filter(({ report }) => !named.has(report.requestId)));
  for (const attempt of attempts) {
    const logged = attempt.requestId === undefined ? within(attempt, free) : byRequest.get(attempt.requestId);
    if (logged !== undefined) {
      free.delete(logged);
      matched.push({ attempt, logged });
    } else if (attempt.endedAt !== undefined) attemptsWithout.push(attempt);
  }
  return { matched, attemptsWithout };
}

function within(attempt: PlacedAttempt, reports: ReadonlySet<LoggedReport>): LoggedReport | undefined {
  const { endedAt, startedAt, functionName } = attempt;
  if (endedAt === undefined) return undefined;
  return [...reports]
    .filter(
      (logged) =>
        logged.functionName === functionName &&
        logged.at <= endedAt + CLOCK_TOLERANCE_MS &&
        logged.at - logged.report.durationMs >= startedAt - CLOCK_TOLERANCE_MS,
    )
    .sort((a, b) => b.at - a.at)[0];
}
