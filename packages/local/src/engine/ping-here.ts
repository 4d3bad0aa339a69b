import type { EngineContext, PingRequest } from '@cosmicai/engine';
import { pingWorld, type PingReport } from '@cosmicai/fmi';
import { parseEndpoint, UserInputError, type Endpoint } from '@cosmicai/payload';

const PEERS = 4;

/** Peers in this process meet at a server of their own, or at one whose secret COSMICAI_RENDEZVOUS_SECRETS holds. */
export async function pingHere(
  { worldSize = PEERS, rendezvous, ...how }: PingRequest,
  { environment, signal }: EngineContext,
): Promise<PingReport> {
  return await pingWorld({ worldSize, ...how, signal, ...meetingPlace(rendezvous, environment) });
}

function meetingPlace(
  server: string | undefined,
  environment: EngineContext['environment'],
): { rendezvous?: Endpoint; secret?: string } {
  if (server === undefined) return {};
  const secret = environment.COSMICAI_RENDEZVOUS_SECRETS?.trim().split(/\s+/)[0];
  if (secret === undefined) {
    throw new UserInputError(
      `The secret of ${server} is needed: set COSMICAI_RENDEZVOUS_SECRETS to the one it runs with.`,
    );
  }
  return { rendezvous: parseEndpoint(server), secret };
}
