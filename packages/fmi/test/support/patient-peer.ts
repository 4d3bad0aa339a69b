import { joinWorld, sum, type JoinOptions } from '../../src/index.ts';

/** What the parent tells a peer: join, meet, compute without a pause where told so, meet again. */
export interface PatientOrders extends Required<Pick<JoinOptions, 'path' | 'connector'>> {
  readonly runId: string;
  readonly runKey: string;
  readonly rank: number;
  readonly worldSize: number;
  readonly port: number;
  readonly busyMs: number;
  readonly deadlineMs: number;
  readonly joinMs: number;
}

/** What a peer tells its parent. */
export type PatientReport =
  | { readonly state: 'met' }
  | { readonly state: 'done'; readonly sum: number }
  | { readonly state: 'failed'; readonly error: string };

async function obey({ busyMs, ...orders }: PatientOrders): Promise<void> {
  const say = (report: PatientReport): void => void process.send!(report);
  try {
    const communicator = await joinWorld({
      ...orders,
      runKey: Buffer.from(orders.runKey, 'hex'),
      rendezvous: { host: '127.0.0.1', port: orders.port },
    });
    await communicator.barrier();
    say({ state: 'met' });
    if (busyMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, busyMs);
    const total = await communicator.allreduce(Float64Array.of(orders.rank), sum);
    await communicator.close();
    say({ state: 'done', sum: total[0]! });
  } catch (error) {
    // Without closing: a failed world lets go of the process by itself.
    say({ state: 'failed', error: String(error) });
  }
}

process.once('message', (orders: PatientOrders) => {
  void obey(orders).finally(() => {
    // Nothing but the world holds the process from here on.
    process.channel?.unref();
  });
});
