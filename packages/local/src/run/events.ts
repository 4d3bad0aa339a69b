import type { FunctionReport } from '../pool/function-pool.ts';
import type { Json } from '../definition/types.ts';

/** How a run, a Map run or a child execution ended. */
export type RunStatus = 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT';

interface Failure {
  readonly error: string;
  readonly cause: string;
}

/** What happened; `state` names the state, `index` the iteration of an inline Map or the child of a distributed one. */
export type RunEventBody =
  | { readonly type: 'RunStarted'; readonly input: Json }
  | { readonly type: 'RunResumed'; readonly state: string; readonly input: Json }
  | {
      readonly type: 'RunEnded';
      readonly status: RunStatus;
      readonly output?: Json;
      readonly error?: string;
      readonly cause?: string;
    }
  | {
      readonly type: 'StateEntered';
      readonly state: string;
      readonly stateType: string;
      readonly input: Json;
      readonly index?: number;
    }
  | {
      readonly type: 'StateExited';
      readonly state: string;
      readonly stateType: string;
      readonly output: Json;
      readonly index?: number;
    }
  | ({
      readonly type: 'StateFailed';
      readonly state: string;
      readonly stateType: string;
      readonly index?: number;
    } & Failure)
  | { readonly type: 'StateRetried'; readonly state: string; readonly attempt: number; readonly index?: number }
  | {
      readonly type: 'StateCaught';
      readonly state: string;
      readonly stateType: string;
      readonly next: string;
      readonly index?: number;
    }
  | { readonly type: 'IterationStarted' | 'IterationSucceeded'; readonly state: string; readonly index: number }
  | ({ readonly type: 'IterationFailed'; readonly state: string; readonly index: number } & Failure)
  | { readonly type: 'BranchStarted' | 'BranchSucceeded'; readonly state: string }
  | ({ readonly type: 'BranchFailed'; readonly state: string } & Failure)
  | {
      readonly type: 'MapRunStarted';
      readonly state: string;
      readonly items: number;
      readonly children: number;
      readonly concurrency: number;
    }
  | {
      readonly type: 'MapRunEnded';
      readonly state: string;
      readonly status: RunStatus;
      readonly succeeded: number;
      readonly failed: number;
      readonly aborted: number;
      readonly pending: number;
      /** Key of the result writer's manifest. */
      readonly manifestKey?: string;
    }
  | {
      readonly type: 'ChildStarted';
      readonly state: string;
      readonly index: number;
      readonly name: string;
      readonly input: Json;
    }
  | { readonly type: 'ChildSucceeded'; readonly state: string; readonly index: number; readonly output: Json }
  | ({ readonly type: 'ChildFailed'; readonly state: string; readonly index: number } & Failure)
  | { readonly type: 'ChildAborted'; readonly state: string; readonly index: number }
  /** The child had succeeded before the run was resumed and was not run again. */
  | { readonly type: 'ChildKept'; readonly state: string; readonly index: number; readonly output: Json }
  | {
      readonly type: 'FunctionStarted';
      readonly state: string;
      readonly functionName: string;
      readonly requestId: string;
      readonly pid?: number;
    }
  | { readonly type: 'FunctionEnded'; readonly state: string; readonly report: FunctionReport };

/** One line of events.jsonl. */
export type RunEvent = RunEventBody & {
  /** 1, 2, 3, … in the order in which things happened; continues when a run is resumed. */
  readonly id: number;
  /** ISO 8601. */
  readonly time: string;
  /** The child execution it happened in, e.g. `Infer[3]`, or `A[0]/B[2]` for Maps in Maps; absent in the run itself. */
  readonly in?: string;
};

export type Emit = (event: RunEventBody, child?: string) => void;
