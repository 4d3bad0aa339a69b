import { itemAt, parseReportLog } from '@cosmicai/payload';
import {
  functionNameOf,
  type Json,
  parseAs,
  type RunStatus,
  type UnnumberedEvent,
  UserInputError,
} from '@cosmicai/payload';
import {
  layoutOf,
  ranksInStore,
  readItems,
  readRecord,
  readReferences,
  verifyFolder,
  type RunPlace,
} from '@cosmicai/runs';
import type { ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { z } from 'zod';
import type { CalledFunctions } from '../stage/called-functions.ts';
import type { FunctionService, Invocation } from '../services/function-service.ts';
import type { WaitingClock } from '../services/wait.ts';

export interface RerunOptions {
  readonly run: Pick<RunPlace, 'resultPath' | 'runId'>;
  readonly store: ObjectStore;
  readonly functions: FunctionService;
  readonly called: Pick<CalledFunctions, 'rank' | 'summarize'>;
  readonly clock: WaitingClock;
  readonly signal: AbortSignal;
  readonly onEvent: (event: UnnumberedEvent) => void;
}

export interface Rerun {
  readonly status: RunStatus;
  readonly error?: string;
  readonly cause?: string;
  readonly events: readonly UnnumberedEvent[];
  readonly ranks: readonly number[];
}

/** Ranks called at once from here; Lambda allows far more, one machine's connections don't. */
const MOST_AT_ONCE = 100;
const STATE = 'Infer';
const summarized = z.object({ status: z.string(), error_name: z.string().nullable(), cause: z.string().nullable() });

/**
 * Runs the ranks of a summarized run again that left no whole result, and summarizes it anew, calling the functions as the state machine
 * does. A redrive can't do that: the state machine has caught the failure of its Map to have the run summarized, and
 * Step Functions goes on only after what it caught.
 *
 * @throws UserInputError when the run has no such rank
 */
export async function rerunFailedRanks(options: RerunOptions): Promise<Rerun> {
  const { store, functions, called, signal, clock } = options;
  const layout = layoutOf(options.run);
  const record = await readRecord(store, layout);
  const { items, manifest: tasks } = await readItems(store, layout.manifest, record.planned_files?.manifest);
  // Failed, or left something that is damaged or gone since.
  const { missing } = await ranksInStore(store, tasks);
  // As the Map gives them: Lambda takes 6 MB, and the files of a rank may be more.
  const references = await readReferences(store, layout, record.planned_files?.items);
  const children = tasks.flatMap(({ RANK }, at) =>
    missing.has(RANK) ? [references?.get(RANK) ?? itemAt(items, at)] : [],
  );
  const { findings } = await verifyFolder(store, layout);
  if (children.length === 0 && findings.length === 0)
    throw new UserInputError(`No rank of run ${options.run.runId} has failed, and all that it left is whole.`);

  const events: UnnumberedEvent[] = [];
  const time = () => new Date(clock.now()).toISOString();
  const emit = (event: UnnumberedEvent) => {
    events.push(event);
    options.onEvent(event);
  };
  const call = async (functionName: string, state: string, input: unknown, child?: string): Promise<Invocation> => {
    const place = { state, ...(child !== undefined && { in: child }) };
    const begun = time();
    const invocation = await functions.invoke(functionName, input, signal);
    const name = functionNameOf(functionName);
    emit({ ...place, type: 'FunctionStarted', time: begun, functionName: name, requestId: invocation.requestId });
    for (const report of parseReportLog(invocation.log).reports)
      emit({ ...place, type: 'FunctionEnded', time: time(), report: { ...report, functionName: name } });
    return invocation;
  };

  const concurrency = Math.min(record.run.max_concurrency, MOST_AT_ONCE);
  emit({ type: 'StateEntered', time: time(), state: STATE, stateType: 'Map', input: null });
  emit({
    type: 'MapRunStarted',
    time: time(),
    state: STATE,
    items: children.length,
    children: children.length,
    concurrency,
  });
  let succeeded = 0;
  await pMap(
    children,
    async (item) => {
      const index = Number(item.RANK);
      // The others of its world are gone: there is nobody to meet.
      const input: Json = { ...item, FMI_ENABLED: false };
      emit({ type: 'ChildStarted', time: time(), state: STATE, index, name: `rerun-${index}`, input });
      const { answer, error, cause = '' } = await call(called.rank, 'Predict', input, `${STATE}[${index}]`);
      if (error === undefined) {
        succeeded++;
        emit({ type: 'ChildSucceeded', time: time(), state: STATE, index, output: answer as Json });
      } else emit({ type: 'ChildFailed', time: time(), state: STATE, index, error, cause });
    },
    { concurrency, signal },
  );
  const counts = { succeeded, failed: children.length - succeeded, aborted: 0, pending: 0 };
  emit({ type: 'MapRunEnded', time: time(), state: STATE, status: 'SUCCEEDED', ...counts });
  emit({ type: 'StateExited', time: time(), state: STATE, stateType: 'Map', output: null });

  emit({ type: 'StateEntered', time: time(), state: 'Summarize', stateType: 'Task', input: null });
  const { answer, error, cause = '' } = await call(called.summarize, 'Summarize', { run: record.run });
  const ranks = children.map((item) => Number(item.RANK));
  if (error !== undefined) {
    emit({ type: 'StateFailed', time: time(), state: 'Summarize', stateType: 'Task', error, cause });
    return { status: 'FAILED', error, cause, events, ranks };
  }
  emit({ type: 'StateExited', time: time(), state: 'Summarize', stateType: 'Task', output: answer as Json });
  const outcome = parseAs(summarized, answer, `answer of ${called.summarize}`);
  return {
    status: outcome.status.startsWith('SUCCEEDED') ? 'SUCCEEDED' : 'FAILED',
    ...(outcome.error_name !== null && { error: outcome.error_name }),
    ...(outcome.cause !== null && { cause: outcome.cause }),
    events,
    ranks,
  };
}
