import { deriveRunKey } from '@cosmicai/rendezvous';
import { fmiPingOpeningSchema, meetingText, parseAs, runLayout, STAGE_SERVER } from '@cosmicai/payload';
import { openWorld, type CheckRendezvousEnvironment } from './check-rendezvous.ts';

export interface OpenPingAnswer {
  readonly statusCode: 200;
  readonly ping_id: string;
  /** Where the ping's key lies until who asked for it deletes it. */
  readonly key: string;
  /** Where the stage's own server is now; absent where the ping meets elsewhere. */
  readonly endpoint?: string;
}

/**
 * Leaves the key of a ping's world where its ranks look, and finds the stage's own server, as for a run, where they meet there. Another
 * server is asked nothing: the ranks find out where it fails, and from where they are.
 *
 * @throws RendezvousNotStartedError, RendezvousRefusedError, UserInputError
 */
export async function openPing(input: unknown, environment: CheckRendezvousEnvironment): Promise<OpenPingAnswer> {
  const { ping_id, bucket, result_path, world_size } = parseAs(fmiPingOpeningSchema, input, 'ping').fmi_ping;
  const { rendezvousKey } = runLayout(result_path, ping_id);
  const runKey = deriveRunKey(await environment.secret(), ping_id);
  const opened =
    world_size === undefined
      ? undefined
      : await openWorld({ runId: ping_id, runKey, worldSize: world_size, endpoint: STAGE_SERVER }, environment);
  await environment.openStore(bucket).put(rendezvousKey, meetingText({ runKey }), { secret: true });
  return { statusCode: 200, ping_id, key: rendezvousKey, ...(opened && { endpoint: opened.endpoint }) };
}
