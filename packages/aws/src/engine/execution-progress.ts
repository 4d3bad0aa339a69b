import { plannedBytes, type ExecutionProgress, type ExecutionRow } from '@cosmicai/engine';
import { functionNameOf, type RankFigures, type UnnumberedEvent } from '@cosmicai/payload';
import { rankFigures } from '../progress/rank-figures.ts';
import { runOf } from '../run/find-execution.ts';
import { HistoryReader } from '../run/history.ts';
import { cloudWatchLogs } from '../services/function-logs.ts';
import type { MapRunCounts, RemoteExecution } from '../services/workflow-service.ts';
import { calledFunctions } from '../stage/called-functions.ts';
import type { DeployedStage } from '../stage/stage.ts';

export function executionRow({ name, status, startedAt, stoppedAt }: RemoteExecution): ExecutionRow {
  return {
    execution: name,
    status,
    started_at: startedAt.toISOString(),
    stopped_at: stoppedAt?.toISOString() ?? null,
  };
}

/** How far an execution of a stage is now. @throws UserInputError when there is none of this name */
export async function executionProgress(stage: DeployedStage, name: string): Promise<ExecutionProgress> {
  const { workflow } = stage;
  const arn = workflow.arnOf(name);
  const execution = await workflow.describe(arn);
  const reader = new HistoryReader();
  const events: UnnumberedEvent[] = (await workflow.history(arn)).flatMap((event) => reader.read(event));
  const mapRun = [...reader.mapRuns.values()].at(-1);
  const ranks = mapRun === undefined ? null : await workflow.mapRun(mapRun);
  return {
    ...executionRow(execution),
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
  try {
    const query = {
      logs: await cloudWatchLogs(options.region),
      functionName: functionNameOf(calledFunctions(await workflow.definition()).rank),
      runId: place.runId,
      from: Date.parse(begun.time),
    };
    const bytes = await plannedBytes(place);
    return await rankFigures(query, ranks, bytes, Date.now());
  } catch {
    // The counts of the Map tell how far it is, too.
    return null;
  }
}
