import { joinWorld, PeerLostError, sum, type Communicator, type JoinOptions } from '../../src/index.ts';

/** What the parent tells a peer: join this world and work in it until it ends. */
export interface Orders extends Required<Pick<JoinOptions, 'path' | 'connector'>> {
  readonly runId: string;
  readonly runKey: string;
  readonly rank: number;
  readonly worldSize: number;
  readonly port: number;
}

/** What a peer tells its parent: that it works, or what ended its world and when. */
export type Report =
  | { readonly state: 'working' }
  | { readonly state: 'ended'; readonly error: string; readonly lost: number | undefined; readonly atMs: number };

const MIB = 1024 * 1024;

/** Small and large messages, trees and chains, so that a kill may hit any of them. */
async function work(communicator: Communicator, onFirstRound: () => void): Promise<never> {
  const large = new Uint8Array(MIB);
  for (let round = 0; ; round++) {
    await communicator.barrier();
    await communicator.bcast(large, round % communicator.worldSize);
    await communicator.allreduce(Float64Array.of(round), sum);
    await communicator.scan(round, (a, b) => a + b);
    if (round === 0) onFirstRound();
  }
}

async function obey(orders: Orders): Promise<void> {
  const say = (report: Report): void => void process.send!(report);
  const communicator = await joinWorld({
    ...orders,
    runKey: Buffer.from(orders.runKey, 'hex'),
    rendezvous: { host: '127.0.0.1', port: orders.port },
    deadlineMs: 60_000,
  });
  try {
    await work(communicator, () => say({ state: 'working' }));
  } catch (error) {
    const lost = error instanceof PeerLostError ? error.rank : undefined;
    say({ state: 'ended', error: String(error), lost, atMs: Date.now() });
  }
  await communicator.close();
}

process.on('message', (orders: Orders) => {
  obey(orders).catch((error: unknown) => {
    process.send!({ state: 'ended', error: String(error), lost: undefined, atMs: Date.now() } satisfies Report);
  });
});
process.on('disconnect', () => process.exit());
