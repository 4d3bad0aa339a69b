// Latency of separate processes on this machine, which meet over UNIX sockets or, as on several machines, over TCP, beside what was published for
// C++ FMI, which has TCP only: node packages/fmi/bench/latency.ts [repetitions]
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { startRendezvous } from '@cosmicai/rendezvous';
import { deriveRunKey } from '../src/index.ts';
import type { Measured, Orders } from './peer.ts';

/**
 * C++ FMI Direct on loopback, p50: barrier and 8-byte allreduce in microseconds and set-up in milliseconds as published; bcast of 1 MiB in
 * microseconds, from the root's start to the last rank's end, as we measured it (github.com/spcl/fmi, g++ -O2, two cores of an AMD EPYC).
 */
const cppBaselines: Readonly<
  Record<number, { barrierUs: number; allreduceUs: number; setUpMs: number; bcast1MiBUs: number }>
> = {
  2: { barrierUs: 8.4, allreduceUs: 8.7, setUpMs: 102, bcast1MiBUs: 272 },
  4: { barrierUs: 61, allreduceUs: 40, setUpMs: 208, bcast1MiBUs: 672 },
  8: { barrierUs: 153, allreduceUs: 143, setUpMs: 306, bcast1MiBUs: 1220 },
};
const SECRET = 'a secret for benchmarks only';
const SET_UPS = 5;
const BCASTS = 1000;

const repetitions = Number(process.argv[2] ?? 5000);

function p50(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** From the root's start to the last rank's end. */
function bcastUs(all: readonly Measured[], i: number): number {
  return Math.max(...all.map((each) => each.bcastSpans[i]![1])) - all[0]!.bcastSpans[i]![0];
}

async function measure(worldSize: number, unixSockets: boolean, port: number): Promise<object> {
  const peers: ChildProcess[] = Array.from({ length: worldSize }, () =>
    fork(fileURLToPath(new URL('peer.ts', import.meta.url))),
  );
  await Promise.all(peers.map((peer) => once(peer, 'message')));
  const run = async (name: string, repeat: number, bcasts: number): Promise<Measured[]> => {
    const runId = `bench-${worldSize}-${unixSockets}-${name}`;
    const results = peers.map((peer) => once(peer, 'message'));
    const runKey = deriveRunKey(SECRET, runId).toString('hex');
    peers.forEach((peer, rank) =>
      peer.send({ runId, runKey, rank, worldSize, port, repetitions: repeat, bcasts, unixSockets } satisfies Orders),
    );
    return (await Promise.all(results)).map(([measured]) => measured as Measured);
  };
  const setUps: number[] = [];
  for (let i = 0; i < SET_UPS; i++)
    setUps.push(Math.max(...(await run(`set-up-${i}`, 0, 0)).map((each) => each.setUpMs)));
  const all = await run('latency', repetitions, BCASTS);
  for (const peer of peers) peer.disconnect();
  const bcastTimes = Array.from({ length: BCASTS }, (_, i) => bcastUs(all, i));
  const cpp = cppBaselines[worldSize];
  const round = (value: number): number => Number(value.toPrecision(3));
  const measured = {
    barrierUs: round(p50(all[0]!.barrierUs)),
    allreduceUs: round(p50(all[0]!.allreduceUs)),
    setUpMs: round(p50(setUps)),
    firstSetUpMs: round(setUps[0]!),
    bcast1MiBUs: round(p50(bcastTimes)),
  };
  return {
    worldSize,
    over: unixSockets ? 'UNIX sockets' : 'TCP',
    ...measured,
    ...(cpp === undefined
      ? {}
      : {
          cpp,
          ratios: {
            barrier: round(measured.barrierUs / cpp.barrierUs),
            allreduce: round(measured.allreduceUs / cpp.allreduceUs),
            setUp: round(measured.setUpMs / cpp.setUpMs),
            bcast1MiB: round(measured.bcast1MiBUs / cpp.bcast1MiBUs),
          },
        }),
  };
}

const server = await startRendezvous({ port: 0, healthPort: 0, host: '127.0.0.1', secrets: [SECRET] });
const worlds = [];
for (const worldSize of [2, 4, 8])
  for (const unixSockets of [true, false]) worlds.push(await measure(worldSize, unixSockets, server.port));
await server.close(0);
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version, load: loadavg()[0] };
process.stdout.write(`${JSON.stringify({ machine, repetitions, worlds }, undefined, 2)}\n`);
