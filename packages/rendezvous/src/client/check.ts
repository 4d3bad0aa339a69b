import { randomBytes } from 'node:crypto';
import { RendezvousUnavailableError } from '../errors.ts';
import type { Endpoint } from '../peer-link.ts';
import { openControl } from './control-connection.ts';
import { within } from './timing.ts';

export interface CheckOptions {
  readonly rendezvous: Endpoint;
  readonly runId: string;
  readonly runKey: Uint8Array;
  readonly worldSize: number;
  readonly group?: string;
  /** Milliseconds since the epoch. Default: 5 s from now. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
}

export interface RendezvousCheck {
  /** This client's address as the server sees it. */
  readonly observed: Endpoint;
  /** Ranks that have joined already. */
  readonly members: number;
  /** Milliseconds to connect and to prove the key both ways. */
  readonly setupMs: number;
}

const defaultCheckMs = 5_000;

/**
 * Proves that the server answers, that it and this side know the run's key, and opens the run's world with its size; ranks that
 * come with another size within ten minutes are refused.
 * @throws RendezvousUnavailableError, RendezvousRefusedError; the signal's reason
 */
export async function checkRendezvous(options: CheckOptions): Promise<RendezvousCheck> {
  const { rendezvous, runId, runKey, worldSize, group = '' } = options;
  const startedAt = performance.now();
  const limit = within(
    (options.deadline ?? Date.now() + defaultCheckMs) - Date.now(),
    options.signal ?? new AbortController().signal,
    () =>
      new RendezvousUnavailableError(
        `The rendezvous server at ${rendezvous.host}:${rendezvous.port} didn't answer in time.`,
      ),
  );
  try {
    const control = await openControl({
      rendezvous,
      role: 'observer',
      runId,
      group,
      runKey,
      rank: 0,
      worldSize,
      signal: limit.signal,
      randomBytes,
      candidates: () => [],
    });
    control.leave();
    return {
      observed: control.welcome.observed,
      members: control.welcome.members,
      setupMs: performance.now() - startedAt,
    };
  } finally {
    limit.end();
  }
}
