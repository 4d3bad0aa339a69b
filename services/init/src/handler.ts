import { randomUUID } from 'node:crypto';
import type { InitializeAnswer } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { initialize } from './initialize.ts';
import { runId } from './run-id.ts';

/** Plans a run. Input: a run payload in any of the shapes of docs/payload.md. */
export function init(payload: unknown): Promise<InitializeAnswer> {
  return initialize(payload, {
    openStore,
    now: () => new Date(),
    newRunId: (now) => runId(now, randomUUID()),
  });
}
