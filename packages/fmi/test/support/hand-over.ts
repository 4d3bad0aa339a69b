import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startRendezvous } from '@cosmicai/rendezvous';
import { deriveRunKey } from '../../src/index.ts';
import type { HandOverOrders, HandOverReport } from './hand-over-peer.ts';
import { ways, type Way } from './kill-rounds.ts';

export interface HandOver {
  readonly way: Way;
  readonly bytes: number;
  /** How long the receiver computes before it receives. */
  readonly busyMs: number;
  readonly deadlineMs: number;
}

const SECRET = 'a secret for handing over';
const PEER = fileURLToPath(new URL('hand-over-peer.ts', import.meta.url));
let runs = 0;

/** Two processes: one sends and closes, the other is busy first. Answers what both say, and the exit codes of both. */
export async function handOver({ way, bytes, busyMs, deadlineMs }: HandOver): Promise<{
  readonly sender: HandOverReport;
  readonly receiver: HandOverReport;
  readonly exitCodes: readonly (number | null)[];
}> {
  const server = await startRendezvous({ secrets: [SECRET], host: '127.0.0.1', port: 0, healthPort: 0 });
  const runId = `hand-over-${process.pid}-${runs++}`;
  const orders = {
    ...ways[way],
    runId,
    runKey: deriveRunKey(SECRET, runId).toString('hex'),
    port: server.port,
    bytes,
    busyMs,
    deadlineMs,
  };
  try {
    const peers = await Promise.all(
      [0, 1].map(async (rank) => {
        const peer = fork(PEER, { execArgv: [] });
        const exited = once(peer, 'exit') as Promise<[number | null]>;
        const reported = once(peer, 'message') as Promise<[HandOverReport]>;
        peer.send({ ...orders, rank } satisfies HandOverOrders);
        const [report] = await Promise.race([
          reported,
          exited.then(([code]): [HandOverReport] => [{ error: `ended without a word (${String(code)})` }]),
        ]);
        const [code] = await exited;
        return { report, code };
      }),
    );
    return { sender: peers[0]!.report, receiver: peers[1]!.report, exitCodes: peers.map(({ code }) => code) };
  } finally {
    await server.close(0);
  }
}
