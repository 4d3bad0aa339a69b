import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startRendezvous } from '@cosmicai/rendezvous';
import { deriveRunKey, type JoinOptions } from '../../src/index.ts';
import type { Orders, Report } from './kill-peer.ts';

export interface KillRound {
  readonly victim: number;
  /** What each survivor says: the rank it was told is lost (undefined: another error), and how long after the kill, ms. */
  readonly survivors: readonly {
    readonly rank: number;
    readonly lost: number | undefined;
    readonly error: string;
    readonly ms: number;
  }[];
}

/** How ranks on one machine may be linked. */
export const ways = {
  TCP: { path: 'direct', connector: { unixSockets: false } },
  'UNIX sockets': { path: 'direct', connector: { unixSockets: true } },
  relay: { path: 'relay', connector: {} },
} as const satisfies Record<string, Pick<JoinOptions, 'path' | 'connector'>>;
export type Way = keyof typeof ways;

const SECRET = 'a secret for killing peers';
const PEER = fileURLToPath(new URL('kill-peer.ts', import.meta.url));

/** Kills one process of a working world with SIGKILL, round after round; a new process takes the place of the killed one. */
export async function* killRounds(
  rounds: number,
  worldSize: number,
  way: Way,
  victimOf: (round: number) => number,
): AsyncGenerator<KillRound> {
  const server = await startRendezvous({ port: 0, healthPort: 0, host: '127.0.0.1', secrets: [SECRET] });
  const start = (): ChildProcess => fork(PEER, { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const peers = Array.from({ length: worldSize }, start);
  try {
    for (let round = 0; round < rounds; round++) {
      const victim = victimOf(round);
      const runId = `kill-${way}-${round}`;
      const runKey = deriveRunKey(SECRET, runId).toString('hex');
      const orders = { runId, runKey, worldSize, port: server.port, ...ways[way] };
      const working = peers.map((peer) => nextReport(peer));
      peers.forEach((peer, rank) => peer.send({ ...orders, rank } satisfies Orders));
      const reports = await Promise.all(working);
      const failed = reports.find((report) => report.state === 'ended');
      if (failed !== undefined) throw new Error(`A peer failed before anybody was killed: ${failed.error}`);
      const survivors = peers.map((peer, rank) => ({ peer, rank })).filter(({ rank }) => rank !== victim);
      const ends = survivors.map(async ({ peer, rank }) => ({ rank, report: await nextReport(peer) }));
      const killedAt = Date.now();
      peers[victim]!.kill('SIGKILL');
      const ended = await Promise.all(ends);
      yield {
        victim,
        survivors: ended.map(({ rank, report }) =>
          report.state === 'ended'
            ? { rank, lost: report.lost, error: report.error, ms: report.atMs - killedAt }
            : { rank, lost: undefined, error: 'still working', ms: Infinity },
        ),
      };
      peers[victim] = start();
    }
  } finally {
    const running = peers.filter((peer) => peer.connected);
    const ends = running.map((peer) => once(peer, 'exit'));
    for (const peer of running) peer.disconnect();
    await Promise.all(ends);
    await server.close(0);
  }
}

async function nextReport(peer: ChildProcess): Promise<Report> {
  const [report] = (await once(peer, 'message')) as [Report];
  return report;
}
