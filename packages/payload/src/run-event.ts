import { z } from 'zod';
import { formatField } from './format-version.ts';
import { jsonValue } from './json.ts';
import { functionReportSchema, type FunctionReport } from './report-line.ts';

const runStatus = z.enum(['SUCCEEDED', 'FAILED', 'ABORTED', 'TIMED_OUT']);
/** How a run, a Map run or a child execution ended. */
export type RunStatus = z.output<typeof runStatus>;

const place = {
  /** 1, 2, 3, … in the order in which things happened; continues when a run is resumed. */
  id: z.number().int().positive(),
  /** ISO 8601. */
  time: z.iso.datetime({ error: 'a time such as 2026-03-04T05:06:07.890Z' }),
  /** The child execution it happened in, e.g. `Infer[3]`, or `A[0]/B[2]` for Maps in Maps; absent in the run itself. */
  in: z.string().exactOptional(),
};
const count = z.number().int().nonnegative();
/** The iteration of an inline Map, or the child of a distributed one; -1 for a child that is not known by its rank. */
const index = z.number().int().min(-1);
const state = z.string();
const stateType = z.string();
const failure = { error: z.string(), cause: z.string() };

/** One kind of event, or several of the same fields. */
function event<Type extends string, Fields extends z.ZodRawShape>(types: readonly [Type, ...Type[]], fields: Fields) {
  return z.object({ ...place, type: z.literal(types), ...fields });
}

/** One line of events.jsonl: what happened, and when. `state` names the state. */
export const runEventSchema = z.discriminatedUnion(
  'type',
  [
    // Only the first event of a log, and of what was appended to it later, tells the format.
    event(['RunStarted'], { input: jsonValue, format: formatField }),
    event(['RunResumed'], { state, input: jsonValue, format: formatField }),
    event(['RunEnded'], {
      status: runStatus,
      output: jsonValue.exactOptional(),
      error: z.string().exactOptional(),
      cause: z.string().exactOptional(),
    }),
    event(['StateEntered'], { state, stateType, input: jsonValue, index: index.exactOptional() }),
    event(['StateExited'], { state, stateType, output: jsonValue, index: index.exactOptional() }),
    event(['StateFailed'], { state, stateType, index: index.exactOptional(), ...failure }),
    event(['StateRetried'], { state, attempt: count, index: index.exactOptional() }),
    event(['StateCaught'], { state, stateType, next: z.string(), index: index.exactOptional() }),
    event(['IterationStarted', 'IterationSucceeded'], { state, index }),
    event(['IterationFailed'], { state, index, ...failure }),
    event(['BranchStarted', 'BranchSucceeded'], { state }),
    event(['BranchFailed'], { state, ...failure }),
    event(['MapRunStarted'], { state, items: count, children: count, concurrency: count }),
    event(['MapRunEnded'], {
      state,
      status: runStatus,
      succeeded: count,
      failed: count,
      aborted: count,
      pending: count,
      /** Key of the result writer's manifest. */
      manifestKey: z.string().exactOptional(),
    }),
    event(['ChildStarted'], { state, index, name: z.string(), input: jsonValue }),
    event(['ChildSucceeded'], { state, index, output: jsonValue }),
    event(['ChildFailed'], { state, index, ...failure }),
    event(['ChildAborted'], { state, index }),
    // The child had succeeded before the run was resumed and was not run again.
    event(['ChildKept'], { state, index, output: jsonValue }),
    event(['FunctionStarted'], {
      state,
      functionName: z.string(),
      requestId: z.string(),
      pid: z.number().int().exactOptional(),
    }),
    event(['FunctionEnded'], { state, report: functionReportSchema }),
  ],
  { error: 'an event of a run, of a type that this version knows' },
);
export type RunEvent = Readonly<z.output<typeof runEventSchema>>;

type Without<Event, Fields extends PropertyKey> = Event extends unknown ? Omit<Event, Fields> : never;

/** What happened, before it is known as which event, when and where. */
export type RunEventBody = Without<RunEvent, keyof typeof place>;
/** An event before it is numbered. */
export type UnnumberedEvent = Without<RunEvent, 'id'>;

/** The REPORT lines of functions among events, in their order. */
export function reportsIn(events: readonly RunEvent[]): FunctionReport[] {
  return events.flatMap((event) => (event.type === 'FunctionEnded' ? [event.report] : []));
}
