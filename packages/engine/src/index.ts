export type {
  ChildCounts,
  ExecutionProgress,
  ExecutionRow,
  Executions,
  PingRequest,
  SweepRequest,
} from './capabilities.ts';
export { composePayload, NO_ENDPOINT, readPayload, type PayloadChanges } from './compose-payload.ts';
export type {
  Engine,
  EngineContext,
  ExecutionCommands,
  LogLine,
  LogQuery,
  Outcome,
  RankSignal,
  ResumeRequest,
  StartRequest,
  Watch,
  WorkProgress,
} from './engine.ts';
export { BrokenOffByInputError, BrokenOffError, goOnWith, isOutside, messageOf } from './errors.ts';
export { Job, type Telling } from './job.ts';
export { withModelInStore } from './model-address.ts';
export { plannedBytes, plannedRunBy, plannedRunIn, plannedRunOf } from './planned-run.ts';
export { refusalOf } from './refusal.ts';
export { openSweep, runOfSweep } from './sweep.ts';
export { mendingOf } from './mending.ts';
export { acceptCommand, againCommand, resumeCommand } from './way-on.ts';
