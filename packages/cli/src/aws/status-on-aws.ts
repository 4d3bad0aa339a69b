import { plannedBytes } from '@cosmicai/engine';
import { functionNameOf, type RankFigures, type UnnumberedEvent } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { formatPairs, formatTable } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';
import { seconds } from '../output/units.ts';
import { describeFigures, describeSilence } from '../progress/describe-figures.ts';
import {
  calledFunctions,
  cloudWatchLogs,
  type DeployedStage,
  HistoryReader,
  type MapRunCounts,
  openStage,
  rankFigures,
  type RemoteExecution,
  runOf,
} from '@cosmicai/aws';

/** Executions listed; `aws stepfunctions list-executions` has them all. */
const SHOWN = 20;

/** Lists the newest executions of a stage, or says how far one of them is. */
export async function statusOnAws(
  name: string | undefined,
  { stage, json }: { readonly stage: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const opened = await openStage(stage);
  const { workflow } = opened;
  if (name === undefined) {
    const executions = await workflow.recent(SHOWN);
    if (json) printJson(terminal, executions.map(plain));
    else if (executions.length === 0) printLine(terminal.stdout, `No executions on stage ${stage}.`);
    else printBlock(terminal.stdout, listed(executions));
    return;
  }
  const progress = await progressOf(opened, workflow.arnOf(name));
  if (json) printJson(terminal, progress);
  else printBlock(terminal.stdout, described(progress));
}

function plain({ name, status, startedAt, stoppedAt }: RemoteExecution) {
  return {
    execution: name,
    status,
    started_at: startedAt.toISOString(),
    stopped_at: stoppedAt?.toISOString() ?? null,
  };
}

function listed(executions: readonly RemoteExecution[]): string {
  return formatTable<RemoteExecution>(
    [
      { title: 'execution', align: 'left', cell: (one) => one.name },
      { title: 'status', align: 'left', cell: (one) => one.status },
      { title: 'started', align: 'left', cell: (one) => one.startedAt.toISOString() },
      {
        title: 'took',
        cell: ({ startedAt, stoppedAt }) =>
          stoppedAt === undefined ? '–' : seconds((stoppedAt.getTime() - startedAt.getTime()) / 1000),
      },
    ],
    executions,
  );
}

/** How far an execution is. */
export interface ExecutionProgress extends ReturnType<typeof plain> {
  readonly run_id: string | null;
  /** States that were entered, in their order. */
  readonly states: readonly string[];
  readonly ranks: MapRunCounts | null;
  /** By what the ranks log, while they are at work; null otherwise, or where the logs can't be read. */
  readonly figures: RankFigures | null;
  readonly error: string | null;
  readonly cause: string | null;
}

async function progressOf(stage: DeployedStage, arn: string): Promise<ExecutionProgress> {
  const { workflow } = stage;
  const execution = await workflow.describe(arn);
  const reader = new HistoryReader();
  const events: UnnumberedEvent[] = (await workflow.history(arn)).flatMap((event) => reader.read(event));
  const mapRun = [...reader.mapRuns.values()].at(-1);
  const ranks = mapRun === undefined ? null : await workflow.mapRun(mapRun);
  return {
    ...plain(execution),
    run_id: runOf(events)?.runId ?? null,
    states: events.flatMap((event) => (event.type === 'StateEntered' ? [event.state] : [])),
    ranks,
    figures: ranks?.status === 'RUNNING' ? await figuresOf(stage, events, ranks) : null,
    error: execution.error ?? null,
    cause: execution.cause ?? null,
  };
}

async function figuresOf(
  { workflow, options }: DeployedStage,
  events: readonly UnnumberedEvent[],
  ranks: MapRunCounts,
): Promise<RankFigures | null> {
  const place = runOf(events);
  const [begun] = events;
  if (place === undefined || begun === undefined) return null;
  const { runId, bucket, resultPath } = place;
  try {
    const query = {
      logs: await cloudWatchLogs(options.region),
      functionName: functionNameOf(calledFunctions(await workflow.definition()).rank),
      runId,
      from: Date.parse(begun.time),
    };
    const planned = { run_id: runId, bucket, result_path: resultPath };
    const bytes = await plannedBytes(planned, (name) => openStore(name, { base: 's3://' }));
    return await rankFigures(query, ranks, bytes, Date.now());
  } catch {
    // The counts of the Map tell how far it is, too.
    return null;
  }
}

function described(progress: ExecutionProgress): string {
  const { ranks, figures } = progress;
  return formatPairs([
    ['Execution', `${progress.execution}: ${progress.status}`],
    ['Run', progress.run_id ?? 'not planned yet'],
    ['Started', progress.started_at],
    ...(progress.stopped_at === null ? [] : ([['Stopped', progress.stopped_at]] as const)),
    ['States', progress.states.join(' → ')],
    ...(ranks === null
      ? []
      : ([
          [
            'Ranks',
            `${ranks.total} planned, ${ranks.succeeded} succeeded, ${ranks.failed} failed, ${ranks.aborted} aborted, ${ranks.pending} waiting`,
          ],
        ] as const)),
    ...(figures === null ? [] : ([['Now', describeFigures(figures)]] as const)),
    ...(figures?.silent ?? []).map((one) => ['Silent', describeSilence(one)] as const),
    ...(progress.error === null ? [] : ([['Error', `${progress.error}: ${progress.cause ?? ''}`]] as const)),
  ]);
}
