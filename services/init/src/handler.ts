import { randomUUID } from 'node:crypto';
import type { InitializeAnswer } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { openMeeting, type CheckRendezvousAnswer } from './check-rendezvous.ts';
import { initialize } from './initialize.ts';
import { rendezvousSecret } from './rendezvous-secret.ts';
import { runId } from './run-id.ts';

/** Plans a run. Input: a run payload in any of the shapes of docs/payload.md. */
export function init(payload: unknown): Promise<InitializeAnswer> {
  return initialize(payload, {
    openStore,
    now: () => new Date(),
    newRunId: (now) => runId(now, randomUUID()),
  });
}

/** Opens the meeting of a run's ranks at the rendezvous server. Input: the answer of `init`. */
export function initFmi(input: unknown): Promise<CheckRendezvousAnswer> {
  return openMeeting(input, { openStore, secret: () => rendezvousSecret(process.env) });
}
