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
  /**
   * Attempts whose execution was stopped before they were over, and of which no REPORT line was found: Lambda ends a function
   * for nobody, so they may be at work yet.
   */
  readonly abandoned: readonly PlacedAttempt[];
}

/** Step Functions and Lambda keep clocks of their own. */
const CLOCK_TOLERANCE_MS = 1000;
/** A function begins after its attempt by the time to start it, of which Lambda allows ten seconds for the code's own part. */
const START_MS = 15_000;

/**
 * Finds the REPORT line of each invocation. An invocation that succeeded names its request. One that failed doesn't: its
 * line is the one of the same function that no other invocation has and that ended last within the attempt. One that was at work
 * when its execution was stopped has no end there: its line is of those left the one that began first after it.
 *
 * @param attempts of executions that are over
 */
export function matchReports(attempts: readonly PlacedAttempt[], reports: readonly LoggedReport[]): MatchedReports {
  const matched: MatchedReport[] = [];
  const attemptsWithout: PlacedAttempt[] = [];
  const abandoned: PlacedAttempt[] = [];
  const byRequest = new Map(reports.map((logged) => [logged.report.requestId, logged]));
  const named = new Set(attempts.flatMap(({ requestId }) => (requestId === undefined ? [] : [requestId])));
  const free = new Set(reports.filter(({ report }) => !named.has(report.requestId)));
  const take = (attempt: PlacedAttempt, logged: LoggedReport | undefined, without: PlacedAttempt[]) => {
    if (logged === undefined) without.push(attempt);
    else {
      free.delete(logged);
      matched.push({ attempt, logged });
    }
  };
  for (const attempt of attempts.filter(({ endedAt }) => endedAt !== undefined)) {
    const logged = attempt.requestId === undefined ? within(attempt, free) : byRequest.get(attempt.requestId);
    take(attempt, logged, attemptsWithout);
  }
  // Last, as they are the least certain: none takes the line of one that is known to have ended.
  const open = attempts.filter(({ endedAt }) => endedAt === undefined).sort((a, b) => a.startedAt - b.startedAt);
  for (const attempt of open) take(attempt, begunBy(attempt, free), abandoned);
  return { matched, attemptsWithout, abandoned };
}

function begunBy({ functionName, startedAt }: PlacedAttempt, reports: ReadonlySet<LoggedReport>) {
  const begin = ({ at, report }: LoggedReport) => at - report.durationMs - startedAt;
  return [...reports]
    .filter((logged) => logged.functionName === functionName)
    .filter((logged) => begin(logged) >= -CLOCK_TOLERANCE_MS && begin(logged) <= START_MS)
    .sort((a, b) => begin(a) - begin(b))[0];
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
