import type { SweepTarget } from '@cosmicai/bench';
import type { PingReport } from '@cosmicai/fmi';
import type { ExecutionRecord, FunctionReport, Json, RankProgress, RunEvent, RunStatus } from '@cosmicai/payload';
import type { RankCounts, ResultsPlace, RunPlace } from '@cosmicai/runs';
import type { Executions, PingRequest, SweepRequest } from './capabilities.ts';
import type { PayloadChanges } from './compose-payload.ts';

/**
 * Whatever runs the workflow: this machine, a deployed stage. Executions are known by names, which `start` and `resume` answer
 * and people type. What an engine needs beside its port it is told when it is made. Members that may be absent are what not every
 * engine can do, or does in a way of its own.
 */
export interface Engine {
  /** What `--target` calls it. */
  readonly name: string;

  /**
   * Brings what the run needs to where it will run, and starts it.
   *
   * @returns the execution's name
   * @throws UserInputError when the payload is wrong or there is nothing to read: nothing has been started then
   */
  start(request: StartRequest): Promise<string>;

  /**
   * Tells what happens in an execution, from its first event to its last, and what became of it. One that fails resolves, too.
   *
   * @throws the abort reason when the watch's signal fires and the execution goes on without who follows it; UserInputError when
   *   there is no such execution; EnvironmentError when what it leaves can't be written
   */
  events(execution: string, watch: Watch): Promise<Outcome>;

  /**
   * Stops an execution. Ranks that are done keep their results.
   *
   * @param execution default: the only one under way
   * @returns its name
   * @throws UserInputError when there is none, it is over, or several could be meant
   */
  stop(execution?: string): Promise<string>;

  /**
   * Goes on with an execution that was stopped or failed; ranks whose results are whole don't run again.
   *
   * @param execution default: the newest that failed
   * @returns the name under which it goes on
   * @throws UserInputError when there is none, or nothing is left to do
   */
  resume(execution?: string, request?: ResumeRequest): Promise<string>;

  /** What functions printed during an execution, function by function, oldest first. @param query.execution default: the newest */
  logs(query: LogQuery): Promise<readonly LogLine[]>;

  /** Where what is known of an execution is kept on this machine, once there is any: an absolute path. */
  folderOf(execution: string): string;

  /** What people type about an execution. */
  commands(execution: string): ExecutionCommands;

  /** Where results lie that people name to it. Absent: in a folder of this machine, or at an address. */
  locate?(results: string): Promise<ResultsPlace>;

  /** The executions that it knows of. Absent: what lies in a results folder is all that is known of them. */
  readonly executions?: Executions;

  /**
   * Lets peers meet as the ranks of a run do; what goes wrong among them is in the report. Absent: nothing but a run can.
   *
   * @throws the reason when the signal of the engine's context fires
   */
  ping?(request: PingRequest): Promise<PingReport>;

  /** Makes ready for the runs of a sweep. Absent: each is made as any other, on data of this machine (`openSweep`). */
  sweep?(request: SweepRequest): Promise<SweepTarget>;
}

export interface StartRequest {
  /** The payload file's fields; default: none, or those of `like`. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly changes: PayloadChanges;
  /** An ONNX model: a path on this machine, or the address of an object. Default: the one of `like`, else the engine's own. */
  readonly model?: string | undefined;
  /** USD that the run may cost by the upper end of its quote; engines whose runs cost nothing aren't asked. */
  readonly maxCostUsd?: number | undefined;
  /** An earlier execution, whose payload and settings are taken where nothing else is named. */
  readonly like?: string | undefined;
}

export interface ResumeRequest {
  /** As in a StartRequest; default: the model of the start. */
  readonly model?: string | undefined;
  /** Take inputs that have changed since the start as they are now; ranks that read them run again. */
  readonly acceptChanged?: boolean | undefined;
}

/** Who follows an execution. */
export interface Watch {
  readonly see: (event: RunEvent) => void;
  /** Takes what ranks say of their work meanwhile, as far as the engine hears it; it goes into no log. */
  readonly hear?: ((signal: RankSignal) => void) | undefined;
  readonly signal: AbortSignal;
}

/** What is heard of ranks at work beside events. */
export type RankSignal =
  /** Bytes of all partition files of the run. */
  | { readonly type: 'BytesPlanned'; readonly bytes: number }
  /** A rank begins of which no event tells. */
  | { readonly type: 'RankBegan'; readonly rank: number }
  /** A heartbeat. `in`: the child execution, as in events; absent: the Map's child of that rank. */
  | { readonly type: 'RankAtWork'; readonly in?: string | undefined; readonly progress: RankProgress }
  /** A rank is through of which no event tells. */
  | { readonly type: 'RankDone'; readonly rank: number; readonly samples: number }
  /** What became of a Map's ranks, where that is known without an event for each. */
  | { readonly type: 'RanksCounted'; readonly state: string; readonly counts: RankCounts; readonly atWork: number };

/** What became of an execution. */
export interface Outcome extends ExecutionRecord {
  readonly execution: string;
  readonly status: RunStatus;
  /** Output of the last state; null unless the execution succeeded. */
  readonly output: Json;
  readonly error?: string;
  readonly cause?: string;
  /** REPORT lines of its functions. */
  readonly reports: readonly FunctionReport[];
  /** Folder of this machine with its events and logs. */
  readonly directory: string;
  /** Where the run lies that it made; undefined: it came to no summary. */
  readonly place: RunPlace | undefined;
}

export interface ExecutionCommands {
  /** Goes on with it once it was stopped or failed. */
  readonly goOn: string;
  /** Follows it while it is under way. */
  readonly follow: string;
  readonly stop: string;
}

export interface LogQuery {
  readonly execution?: string | undefined;
  /** Only functions whose name contains this. */
  readonly function?: string | undefined;
  /** Only lines that match; how is the engine's affair (CloudWatch's filter patterns, a part of the text). */
  readonly filter?: string | undefined;
}

export interface LogLine {
  /** ISO 8601; null where the line tells none. */
  readonly time: string | null;
  readonly function: string;
  readonly message: string;
}

/** What engines may know of the process that they are made in. */
export interface EngineContext {
  /** Folder that relative paths start from. */
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Stops executions that live in this process. */
  readonly signal: AbortSignal;
  /** Takes lines for people. */
  readonly say: (text: string) => void;
  /** Begins to show how far some work is. */
  readonly progress: (title: string) => WorkProgress;
  /** Absolute path of a model: the one that is asked for, by default the demo model. @throws UserInputError when it isn't there */
  readonly modelAt: (asked: string | undefined) => string;
}

/** How far some work is, as people see it. */
export interface WorkProgress {
  update(done: number, total: number, detail?: string): void;
  done(): void;
}
