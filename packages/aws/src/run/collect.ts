import { costOfRun, pricesFor } from '@cosmicai/metrics';
import { groupBy, runReferenceSchema, type FunctionSize, type RunEvent, type UnnumberedEvent } from '@cosmicai/payload';
import { formatUsd } from '@cosmicai/report';
import type { ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { z } from 'zod';
import type { Followed } from './follow.ts';
import { reportLines, type FunctionLogs, type LoggedReport } from '../services/function-logs.ts';
import { HistoryReader } from './history.ts';
import { childEvents, mapChildren, mapRunId, type MapChild } from './map-results.ts';
import { matchReports, type MatchedReport, type MatchedReports, type PlacedAttempt } from './match-reports.ts';
import type { WaitingClock } from '../services/wait.ts';
import type { WorkflowService } from '../services/workflow-service.ts';

export interface CollectOptions {
  readonly followed: Followed;
  readonly workflow: WorkflowService;
  readonly logs: FunctionLogs;
  readonly openStore: (bucket: string) => ObjectStore;
  /** Names of the functions that the definition calls. */
  readonly functionNames: readonly string[];
  /** What the stage gives them, by their names. */
  readonly functions: Readonly<Record<string, FunctionSize>>;
  readonly region: string;
  readonly clock: WaitingClock;
  readonly signal: AbortSignal;
}

export interface Collected {
  readonly events: readonly RunEvent[];
  /** What could not be found out, as sentences for people. */
  readonly warnings: readonly string[];
}

/** Ranks whose history is read for their attempts: GetExecutionHistory allows about 20 a second. */
const MOST_CHILD_HISTORIES = 500;
const HISTORIES_AT_ONCE = 8;

/** Puts together what is known of a run that is over: its own events, those of its ranks, and Lambda's REPORT lines. */
export async function collect(options: CollectOptions): Promise<Collected> {
  const { followed, workflow, openStore } = options;
  const events: UnnumberedEvent[] = [...followed.events];
  const attempts: PlacedAttempt[] = followed.history.attempts.map((attempt) => ({ ...attempt, in: undefined }));
  const warnings: string[] = [];
  for (const [state, arn] of followed.history.mapRuns) {
    const place = mapFolder(followed.events);
    const children = place && (await mapChildren(openStore(place.bucket), `${place.prefix}/${mapRunId(arn)}`));
    if (children === undefined || children.length === 0) {
      warnings.push(`Step Functions left no results of ${state}: the report knows its ranks by their own files alone.`);
      continue;
    }
    events.push(...childEvents(state, children));
    const begun = children.filter(hasHistory);
    for (const { child, reader, read } of await childHistories(workflow, state, begun.slice(0, MOST_CHILD_HISTORIES))) {
      events.push(...read);
      attempts.push(...reader.attempts.map((attempt) => ({ ...attempt, in: `${state}[${child.rank}]` })));
    }
    if (begun.length === 0)
      warnings.push(
        'Express children keep no history, so REPORT lines are not told apart by rank: the report has the times that ranks took themselves.',
      );
    else if (begun.length > MOST_CHILD_HISTORIES)
      warnings.push(
        `REPORT lines are matched to the first ${MOST_CHILD_HISTORIES} of ${begun.length} ranks; of the others the report has the times that they took themselves.`,
      );
  }
  const { matched, attemptsWithout, abandoned } = await findReports(options, attempts);
  events.push(...matched.flatMap(functionEvents));
  if (attemptsWithout.length > 0)
    warnings.push(
      `The logs hold no REPORT line of ${attemptsWithout.length} of ${attempts.length} invocations; the cost is without them, except for what ranks tell of themselves.`,
    );
  if (abandoned.length > 0) {
    const reports = matched.map(({ logged }) => logged);
    warnings.push(stillAtWork(abandoned, reports, options));
  }
  return { events: numbered(events), warnings };
}

/** Lambda's most. */
const MOST_SECONDS = 900;

/** What goes on without its execution, and what it costs at most. */
function stillAtWork(
  abandoned: readonly PlacedAttempt[],
  reports: readonly LoggedReport[],
  { functions, region }: Pick<CollectOptions, 'functions' | 'region'>,
): string {
  const lambda = [...groupBy(abandoned, ({ functionName }) => functionName)].flatMap(([name, attempts]) => {
    const size = functions[name];
    const memoryMb = reports.find(({ functionName }) => functionName === name)?.report.memorySizeMb;
    if (size === undefined || memoryMb === undefined) return [];
    const { architecture, ephemeralStorageMb } = size;
    const requests = attempts.length;
    return [{ name, architecture, ephemeralStorageMb, memoryMb, requests, billedSeconds: requests * MOST_SECONDS }];
  });
  const { usd } = costOfRun({ lambda }, pricesFor(region).prices);
  const counted = lambda.reduce((sum, { requests }) => sum + requests, 0);
  const most = counted === abandoned.length ? `, ${formatUsd(usd)} at most` : '';
  const one = abandoned.length === 1;
  return `${abandoned.length} ${one ? 'invocation' : 'invocations'} went on when ${one ? 'its' : 'their'} execution was stopped, for ${MOST_SECONDS / 60} minutes at most: the cost is without ${one ? 'it' : 'them'}${most}.`;
}

const initialized = z.object({ run: runReferenceSchema.pick({ bucket: true, map_prefix: true }) });

/** Where the Map's ResultWriter writes, as Initialize answered. */
function mapFolder(events: readonly UnnumberedEvent[]): { bucket: string; prefix: string } | undefined {
  for (const event of events) {
    if (event.type !== 'StateExited') continue;
    const { data } = initialized.safeParse(event.output);
    if (data !== undefined) return { bucket: data.run.bucket, prefix: data.run.map_prefix };
  }
  return undefined;
}

type BegunChild = MapChild & { readonly arn: string };

/** Express executions keep none, and there is none of what never began. */
function hasHistory(child: MapChild): child is BegunChild {
  return child.arn !== undefined && !child.arn.includes(':express:');
}

async function childHistories(workflow: WorkflowService, state: string, children: readonly BegunChild[]) {
  return await pMap(
    children,
    async (child) => {
      const reader = new HistoryReader(`${state}[${child.rank}]`);
      const history = await workflow.history(child.arn);
      // The child's begin and end are told as such.
      const read = history
        .flatMap((event) => reader.read(event))
        .filter(({ type }) => type !== 'RunStarted' && type !== 'RunEnded' && type !== 'RunResumed');
      return { child, reader, read };
    },
    { concurrency: HISTORIES_AT_ONCE },
  );
}

/** Log lines take some seconds to be found. */
const LOOKS = 5;
const WAIT_MS = 3000;
/** Lines are written after the answer has gone out. */
const AFTER_MS = 5000;

async function findReports(options: CollectOptions, attempts: readonly PlacedAttempt[]): Promise<MatchedReports> {
  const { logs, functionNames, clock, signal, followed } = options;
  const from = followed.execution.startedAt.getTime();
  const over = followed.execution.stoppedAt?.getTime() ?? clock.now();
  const anyOpen = attempts.some(({ endedAt }) => endedAt === undefined);
  for (let look = 1; ; look++) {
    // A function goes on when the execution that called it is stopped.
    const to = (anyOpen ? Math.max(over, clock.now()) : over) + AFTER_MS;
    const found: LoggedReport[] = [];
    for (const functionName of functionNames) found.push(...(await reportLines(logs, { functionName, from, to })));
    const result = matchReports(attempts, found);
    if (result.attemptsWithout.length + result.abandoned.length === 0 || look === LOOKS) return result;
    await clock.sleep(WAIT_MS, signal);
  }
}

function functionEvents({ attempt, logged }: MatchedReport): UnnumberedEvent[] {
  const { functionName, report, at } = logged;
  const { state } = attempt;
  const place = attempt.in === undefined ? {} : { in: attempt.in };
  const time = (milliseconds: number) => new Date(milliseconds).toISOString();
  const { requestId } = report;
  return [
    { ...place, type: 'FunctionStarted', time: time(at - report.durationMs), state, functionName, requestId },
    { ...place, type: 'FunctionEnded', time: time(at), state, report: { ...report, functionName } },
  ];
}

/** In the order of time; events of one moment stay in the order in which they were found. */
export function numbered(events: readonly UnnumberedEvent[]): RunEvent[] {
  return [...events]
    .sort((a, b) => Date.parse(a.time) - Date.parse(b.time))
    .map((event, at): RunEvent => ({ ...event, id: at + 1 }));
}
