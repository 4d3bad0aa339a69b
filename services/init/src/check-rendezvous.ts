import { checkRendezvous, deriveRunKey, type CheckOptions, type RendezvousCheck } from '@cosmicai/rendezvous';
import {
  meetingText,
  parseAs,
  parseEndpoint,
  runLayout,
  runReferenceSchema,
  STAGE_SERVER,
  UserInputError,
} from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { z } from 'zod';
import { reachServer, type WaitingClock } from './reach-server.ts';
import type { StageServer } from './stage-server.ts';

export interface CheckRendezvousEnvironment {
  readonly openStore: (address: string) => ObjectStore;
  /** The secret that the rendezvous server has too. */
  readonly secret: () => Promise<string>;
  /** The stage's own server; undefined: it has none. */
  readonly server: StageServer | undefined;
  readonly clock: WaitingClock;
  readonly check?: (options: CheckOptions) => Promise<RendezvousCheck>;
}

export interface CheckRendezvousAnswer {
  readonly statusCode: 200;
  readonly endpoint: string;
  /** Milliseconds to connect and to prove the key both ways. */
  readonly setup_ms: number;
}

const inputSchema = z.object({ run: runReferenceSchema }, { error: 'the answer of Initialize' });

/**
 * Proves that the rendezvous server of the run answers and knows the same secret, opens the run's world there, and leaves the
 * run's key, with the place to meet at, where only its ranks look. The key opens this run alone, and Summarize deletes it. The
 * stage's own server is found, and started where it is there for runs only.
 *
 * @throws RendezvousNotStartedError, RendezvousUnavailableError, RendezvousRefusedError saying what to do; UserInputError
 */
export async function openMeeting(
  input: unknown,
  environment: CheckRendezvousEnvironment,
): Promise<CheckRendezvousAnswer> {
  const { run } = parseAs(inputSchema, input, 'input of CheckRendezvous');
  const runKey = deriveRunKey(await environment.secret(), run.run_id);
  const opened = await openWorld(
    { runId: run.run_id, runKey, worldSize: run.ranks_with_data, endpoint: run.rendezvous_endpoint ?? '' },
    environment,
  );
  const layout = runLayout(run.result_path, run.run_id);
  const text = meetingText({
    runKey,
    ...(opened.endpoint !== run.rendezvous_endpoint && { endpoint: opened.endpoint }),
  });
  await environment.openStore(run.bucket).put(layout.rendezvousKey, text, { secret: true });
  return { statusCode: 200, endpoint: opened.endpoint, setup_ms: opened.setupMs };
}

interface World extends Pick<CheckOptions, 'runId' | 'runKey' | 'worldSize'> {
  /** As a payload has it: `host:port` or `stage`. */
  readonly endpoint: string;
}

/** Opens a world at the server where its ranks are to meet. @returns where that is now */
export async function openWorld(
  { endpoint, ...world }: World,
  { server, clock, check = checkRendezvous }: Pick<CheckRendezvousEnvironment, 'server' | 'clock' | 'check'>,
): Promise<{ readonly endpoint: string; readonly setupMs: number }> {
  const prove = async (at: string) => {
    const { setupMs } = await check({ rendezvous: parseEndpoint(at), ...world });
    return { endpoint: at, setupMs };
  };
  if (endpoint !== STAGE_SERVER && endpoint !== server?.name) return await prove(endpoint);
  if (server !== undefined) return await reachServer(server, prove, clock);
  throw new UserInputError(
    `The ranks are to meet at the rendezvous server of their stage (rendezvous_endpoint: ${STAGE_SERVER}), which has none. Set rendezvous.enabled in the stage's file and deploy it again, or name another server.`,
  );
}
