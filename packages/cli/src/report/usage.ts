import type { RunEvent } from '@cosmicai/local';
import { architectureOf, type Architecture, type LambdaUsage, type RunUsage } from '@cosmicai/metrics';

/** What a function on Lambda was given beside its memory, which REPORT lines tell. */
export interface FunctionSize {
  readonly architecture: Architecture;
  readonly ephemeralStorageMb: number;
}

/** Lambda gives every function 512 MB of disk for nothing; local functions have no other. */
const EPHEMERAL_STORAGE_MB = 512;

/**
 * What an execution would have been charged for on AWS: the REPORT lines of its functions, and a state transition for every
 * state entered or tried again, in the run itself and in the children of its Maps.
 */
export function usageOf(events: readonly RunEvent[], sizes: Readonly<Record<string, FunctionSize>> = {}): RunUsage {
  const lambda = new Map<string, LambdaUsage>();
  let transitions = 0;
  for (const event of events) {
    if (event.type === 'StateEntered' || event.type === 'StateRetried') transitions++;
    if (event.type !== 'FunctionEnded') continue;
    const { functionName: name, memorySizeMb: memoryMb, billedDurationMs } = event.report;
    const used = lambda.get(name);
    lambda.set(name, {
      name,
      architecture: sizes[name]?.architecture ?? architectureOf(process.arch) ?? 'x86_64',
      memoryMb,
      ephemeralStorageMb: sizes[name]?.ephemeralStorageMb ?? EPHEMERAL_STORAGE_MB,
      requests: (used?.requests ?? 0) + 1,
      billedSeconds: (used?.billedSeconds ?? 0) + billedDurationMs / 1000,
    });
  }
  return { lambda: [...lambda.values()], stepFunctions: { standardTransitions: transitions } };
}
