import { deriveRunKey } from '@cosmicai/rendezvous';
import { fmiPingOpeningSchema, parseAs, runLayout } from '@cosmicai/payload';
import type { CheckRendezvousEnvironment } from './check-rendezvous.ts';

export interface OpenPingAnswer {
  readonly statusCode: 200;
  readonly ping_id: string;
  /** Where the ping's key lies until who asked for it deletes it. */
  readonly key: string;
}

/**
 * Leaves the key of a ping's world where its ranks look. Asks the rendezvous server nothing: the ranks find out where it
 * fails, and from where they are.
 */
export async function openPing(
  input: unknown,
  { openStore, secret }: Pick<CheckRendezvousEnvironment, 'openStore' | 'secret'>,
): Promise<OpenPingAnswer> {
  const { ping_id, bucket, result_path } = parseAs(fmiPingOpeningSchema, input, 'ping').fmi_ping;
  const { rendezvousKey } = runLayout(result_path, ping_id);
  await openStore(bucket).put(rendezvousKey, deriveRunKey(await secret(), ping_id).toString('hex'), { secret: true });
  return { statusCode: 200, ping_id, key: rendezvousKey };
}
