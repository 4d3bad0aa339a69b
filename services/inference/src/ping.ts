import { pingRank } from '@cosmicai/fmi';
import {
  fmiPingTaskSchema,
  parseAs,
  parseEndpoint,
  parseMeeting,
  runLayout,
  type FmiPingAnswer,
} from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

/**
 * Plays one rank of `cosmicai fmi ping --target aws`: what a run's rank does to meet the others, from the network and with the
 * permissions that it would have, but without a partition.
 *
 * @throws InvalidInputError when the task doesn't fit; everything else is in the answer
 */
export async function ping(input: unknown, openStore: (address: string) => ObjectStore): Promise<FmiPingAnswer> {
  const { fmi_ping: task } = parseAs(fmiPingTaskSchema, input, 'ping task');
  const { rendezvousKey } = runLayout(task.result_path, task.ping_id);
  return await pingRank({
    pingId: task.ping_id,
    rank: task.rank,
    worldSize: task.world_size,
    rendezvous: parseEndpoint(task.rendezvous_endpoint),
    runKey: async (signal) => {
      const key = await openStore(task.bucket).get(rendezvousKey, { signal });
      return parseMeeting(key.toString()).runKey;
    },
    path: task.path,
    encrypt: task.encrypt,
    patienceMs: task.patience_ms,
  });
}
