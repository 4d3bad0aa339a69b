import type { PeerConnector, PeerLink, UnfinishedStep } from '@cosmicai/rendezvous';
import { LinkMismatchError, PeerUnreachableError } from '@cosmicai/rendezvous';

export interface Links {
  readonly made: ReadonlyMap<number, PeerLink>;
  readonly failures: readonly { readonly peer: number; readonly step: UnfinishedStep; readonly message: string }[];
}

/**
 * Asks for links with all other ranks at once, and waits for those that come until the deadline.
 *
 * @param deadline milliseconds since the epoch
 */
export async function linkAll(connector: PeerConnector, deadline: number): Promise<Links> {
  const made = new Map<number, PeerLink>();
  const failures: Links['failures'][number][] = [];
  await Promise.all(
    Array.from({ length: connector.worldSize }, async (_, peer) => {
      if (peer === connector.rank) return;
      try {
        made.set(peer, await connector.connect(peer, { deadline }));
      } catch (error) {
        failures.push({ peer, step: stepOf(error), message: (error as Error).message });
      }
    }),
  );
  return { made, failures };
}

/** One that left or died before a link stood never took part in the pair. */
function stepOf(error: unknown): UnfinishedStep {
  if (error instanceof PeerUnreachableError) return error.step;
  return error instanceof LinkMismatchError ? 'handshake' : 'pairing';
}

/** What there is to say of a step that every pair has taken. */
export function describeLinks(step: UnfinishedStep, { made }: Links, path: 'direct' | 'relay'): string {
  if (step === 'pairing') return `met ${made.size === 1 ? '1 peer' : `${made.size} peers`}`;
  if (step === 'handshake')
    return [...made.values()].some(({ encrypted }) => encrypted) ? 'encrypted' : 'authenticated';
  const relayed = [...made].filter(([, { kind }]) => kind === 'relay').map(([peer]) => peer);
  if (path === 'relay') return 'not tried: everything goes through the relay, as asked';
  if (relayed.length === 0) return 'direct';
  return `no direct way to rank ${relayed.join(', ')}: messages go through the relay`;
}
