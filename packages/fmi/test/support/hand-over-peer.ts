import { createHash } from 'node:crypto';
import { joinWorld, type JoinOptions } from '../../src/index.ts';

/** What the parent tells a peer: rank 0 sends and closes at once, rank 1 computes without a pause before it receives. */
export interface HandOverOrders extends Required<Pick<JoinOptions, 'path' | 'connector'>> {
  readonly runId: string;
  readonly runKey: string;
  readonly rank: number;
  readonly port: number;
  readonly bytes: number;
  readonly busyMs: number;
  readonly deadlineMs: number;
}

/** What a peer tells its parent: the message's hash, or what went wrong. */
export type HandOverReport = { readonly sha256: string } | { readonly error: string };

/** As a rank that computes: its event loop stands still. */
function computeFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function obey({ bytes, busyMs, ...orders }: HandOverOrders): Promise<HandOverReport> {
  const communicator = await joinWorld({
    ...orders,
    worldSize: 2,
    runKey: Buffer.from(orders.runKey, 'hex'),
    rendezvous: { host: '127.0.0.1', port: orders.port },
  });
  const hash = (message: Uint8Array): string => createHash('sha256').update(message).digest('hex');
  await communicator.barrier();
  if (orders.rank === 0) {
    const message = new Uint8Array(bytes).map((_, at) => at * 31 + bytes);
    await communicator.send(message, 1);
    await communicator.close();
    return { sha256: hash(message) };
  }
  computeFor(busyMs);
  const message = await communicator.recv<Uint8Array>(0);
  await communicator.close();
  return { sha256: hash(message) };
}

process.once('message', (orders: HandOverOrders) => {
  void obey(orders)
    .catch((error: unknown): HandOverReport => ({ error: String(error) }))
    // Nothing but the channel to the parent holds the process from here on.
    .then((report) => process.send!(report, undefined, undefined, () => process.disconnect()));
});
