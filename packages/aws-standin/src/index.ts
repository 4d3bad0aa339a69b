export { startStandIn, whyNoStandIn, type StandIn, type StandInOptions } from './stand-in.ts';
export type { FunctionCall } from './functions/function-host.ts';
export type { ServedFunction } from './functions/function-settings.ts';
export type { RuntimeCommand } from './functions/spawn-runtime.ts';
