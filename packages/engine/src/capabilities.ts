import type { RunFigures, Simulate, SweptData } from '@cosmicai/bench';
import type { RankFigures } from '@cosmicai/payload';
import type { RunPlace } from '@cosmicai/runs';
import type { PayloadChanges } from './compose-payload.ts';
import type { Outcome } from './engine.ts';

/** The executions that an engine knows of, wherever their runs lie. */
export interface Executions {
  /** Where they are, for people: `stage dev`. */
  readonly place: string;
  /** What is asked for them, for people: `Step Functions`. */
  readonly asked: string;
  /** The newest first, at most so many. */
  recent(most: number): Promise<readonly ExecutionRow[]>;
  /** How far one of them is now. @throws UserInputError when there is none of this name */
  progress(execution: string): Promise<ExecutionProgress>;
}

/** An execution in a list. Times are ISO 8601. */
export interface ExecutionRow {
  readonly execution: string;
  /** A RunStatus, RUNNING, or another in the engine's own words. */
  readonly status: string;
  readonly started_at: string;
  readonly stopped_at: string | null;
}

/** How far an execution is. */
export interface ExecutionProgress extends ExecutionRow {
  readonly run_id: string | null;
  /** States that were entered, in their order. */
  readonly states: readonly string[];
  /** Null before there are any. */
  readonly ranks: ChildCounts | null;
  /** By what the ranks say of their work; null while none is at work, or where they can't be heard. */
  readonly figures: RankFigures | null;
  readonly error: string | null;
  readonly cause: string | null;
}

/** Ranks by what became of them. */
export interface ChildCounts {
  readonly total: number;
  readonly succeeded: number;
  /** Timed out ones too. */
  readonly failed: number;
  readonly aborted: number;
  readonly pending: number;
}

/** How peers are to meet, to see whether the ranks of a run could. */
export interface PingRequest {
  /** Default: the engine's own. */
  readonly worldSize?: number | undefined;
  /** `host:port` of the server to meet at. Default: the engine's own. */
  readonly rendezvous?: string | undefined;
  readonly path: 'direct' | 'relay';
  readonly hint: 'fast' | 'cheap';
  readonly encrypt: boolean;
}

/** What the runs of a sweep have in common. */
export interface SweepRequest {
  /** Of the sweep, on this machine: an absolute path. */
  readonly folder: string;
  readonly data: SweptData;
  /** Path of an ONNX model on this machine; default: the engine's own. */
  readonly model?: string | undefined;
  readonly changes: Pick<PayloadChanges, 'requestPayer' | 'signRequest'>;
  readonly simulate: Simulate;
  /** Reads what an execution left. */
  readonly figures: (outcome: Outcome, place: RunPlace) => Promise<RunFigures>;
}
