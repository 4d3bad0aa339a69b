// Set-up time on loopback: processes that join a world and link every pair. node packages/rendezvous/bench/set-up.ts [rounds=10] [direct|punched|relay]
// Beside it the published C++ library's time from start to first barrier, which links only the pairs that a barrier needs.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createConnector, deriveRunKey, type ConnectorOptions } from '../src/index.ts';
import { secret, startServer } from './server-process.ts';

const baselinesMs: Readonly<Record<number, number>> = { 2: 102, 4: 208, 8: 306 };

interface Order {
  readonly runId: string;
  readonly rank: number;
  readonly worldSize: number;
  readonly port: number;
  readonly options: Partial<ConnectorOptions>;
}

const ways: Readonly<Record<string, Partial<ConnectorOptions>>> = {
  direct: {},
  punched: { localCandidates: false, allowRelay: false },
  relay: { allowDirect: false },
};

if (process.send === undefined) await measure();
else process.on('message', (order: Order) => void linkAll(order)).send!('ready');

async function measure(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 10);
  const way = process.argv[3] ?? 'direct';
  const server = await startServer();
  for (const worldSize of [2, 4, 8]) {
    const ranks = Array.from({ length: worldSize }, () => fork(fileURLToPath(import.meta.url)));
    await Promise.all(ranks.map((rank) => once(rank, 'message')));
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const answers = ranks.map((rank) => once(rank, 'message'));
      for (const [rank, child] of ranks.entries()) {
        const runId = `world of ${worldSize}, round ${round}`;
        child.send({ runId, rank, worldSize, port: server.port, options: ways[way]! } satisfies Order);
      }
      times.push(Math.max(...(await Promise.all(answers)).map(([ms]) => ms as number)));
    }
    const [first] = times;
    times.sort((left, right) => left - right);
    const p50 = times[Math.floor(times.length / 2)]!;
    const baseline = baselinesMs[worldSize]!;
    process.stdout.write(
      `${worldSize} processes, all pairs, ${way}: first ${first!.toFixed(0)} ms, p50 ${p50.toFixed(0)} ms; C++ ${baseline} ms (${(baseline / p50).toFixed(1)} times as long)\n`,
    );
    for (const rank of ranks) rank.disconnect();
  }
  await server.stop();
}

async function linkAll({ runId, rank, worldSize, port, options }: Order): Promise<void> {
  const start = performance.now();
  const rendezvous = { host: '127.0.0.1', port };
  const runKey = deriveRunKey(secret, runId);
  const connector = await createConnector({ rendezvous, runId, runKey, rank, worldSize, ...options });
  const peers = Array.from({ length: worldSize }, (_, peer) => peer).filter((peer) => peer !== rank);
  await Promise.all(peers.map((peer) => connector.connect(peer)));
  const ms = performance.now() - start;
  await connector.close();
  process.send!(ms);
}
