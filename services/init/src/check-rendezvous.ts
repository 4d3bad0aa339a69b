import { checkRendezvous, deriveRunKey, type CheckOptions, type RendezvousCheck } from '@cosmicai/rendezvous';
import { parseAs, parseEndpoint, runLayout, runReferenceSchema } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { z } from 'zod';

export interface CheckRendezvousEnvironment {
  readonly openStore: (address: string) => ObjectStore;
  /** The secret that the rendezvous server has too. */
  readonly secret: () => Promise<string>;
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
 * run's key where only its ranks look. The key opens this run alone, and Summarize deletes it.
 *
 * @throws RendezvousUnavailableError, RendezvousRefusedError saying what to do
 */
export async function openMeeting(
  input: unknown,
  environment: CheckRendezvousEnvironment,
): Promise<CheckRendezvousAnswer> {
  const { run } = parseAs(inputSchema, input, 'input of CheckRendezvous');
  const endpoint = run.rendezvous_endpoint ?? '';
  const runKey = deriveRunKey(await environment.secret(), run.run_id);
  const check = environment.check ?? checkRendezvous;
  const { setupMs } = await check({
    rendezvous: parseEndpoint(endpoint),
    runId: run.run_id,
    runKey,
    worldSize: run.ranks_with_data,
  });
  const layout = runLayout(run.result_path, run.run_id);
  await environment.openStore(run.bucket).put(layout.rendezvousKey, runKey.toString('hex'), { secret: true });
  return { statusCode: 200, endpoint, setup_ms: setupMs };
}
