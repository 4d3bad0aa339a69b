export { startStandIn, whyNoStandIn, type RecordedCall, type StandIn, type StandInOptions } from './stand-in.ts';
export type { FunctionCall, Intercept, Refusal } from './functions/function-host.ts';
export type { ServedFunction } from './functions/function-settings.ts';
export { whyNoSandbox } from './functions/sandbox.ts';
export { OWN_RUNTIME, type Runtime } from './functions/spawn-runtime.ts';
