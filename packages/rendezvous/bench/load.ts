// Load: idle ranks, and pairs of ranks that come, are introduced and go at a steady rate. Loopback only.
// node packages/rendezvous/bench/load.ts [idle=5000] [pairings a second=500] [seconds=20]
import { randomBytes } from 'node:crypto';
import { openControl, type ControlConnection } from '../src/client/control-connection.ts';
import { deriveRunKey } from '../src/index.ts';
import { noPairing } from '../src/wire/messages.ts';
import { secret, startServer } from './server-process.ts';

const [idle = 5_000, perSecond = 500, seconds = 20] = process.argv.slice(2).map(Number);
/** How long a pair may take before it counts as failed. */
const patienceMs = 10_000;
/** One world holds no more. */
const worldSize = 4_096;

const server = await startServer();
const before = server.memory();
const idleMembers = await openIdle(idle);
process.stdout.write(`${idleMembers.length} idle ranks: server memory ${before} → ${server.memory()} MiB\n`);

const liveBefore = await server.live();
const times: number[] = [];
const failures: string[] = [];
const memory: number[] = [];
const pairs: Promise<void>[] = [];
const total = perSecond * seconds;
const cpuBefore = await server.cpu();
const ownBefore = process.cpuUsage();
const began = performance.now();
for (let index = 0; index < total; index++) {
  const wait = began + (index * 1_000) / perSecond - performance.now();
  if (wait > 1) await new Promise((resolve) => setTimeout(resolve, wait));
  pairs.push(pair(`pair ${index}`));
  if (index % perSecond === 0) memory.push(server.memory());
}
const offeredMs = performance.now() - began;
await Promise.all(pairs);
const cpu = (await server.cpu()) - cpuBefore;
const own = process.cpuUsage(ownBefore);
const tookS = (performance.now() - began) / 1_000;
times.sort((left, right) => left - right);
const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]?.toFixed(1);
const { members, refused } = await server.stats();
process.stdout.write(
  [
    `${times.length} of ${total} pairs introduced, ${failures.length} failed; ${((total / offeredMs) * 1_000).toFixed(0)} offered a second`,
    `processor: server ${cpu.toFixed(1)} s, this load generator ${((own.user + own.system) / 1e6).toFixed(1)} s, in ${tookS.toFixed(1)} s`,
    `from coming to introduction: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`,
    `server memory each second: ${memory.join(' ')} MiB, ${server.memory()} after; live with the idle ranks: ${liveBefore} before, ${await server.live()} after`,
    `idle ranks still there: ${members} of ${idle}; refused: ${JSON.stringify(refused)}`,
    ...failures.slice(0, 5),
    '',
  ].join('\n'),
);
process.exitCode = failures.length === 0 && members === idle ? 0 : 1;
for (const member of idleMembers) member.destroy();
await server.stop();

/** Two ranks join a world of their own, are introduced to each other, and leave. */
async function pair(runId: string): Promise<void> {
  const start = performance.now();
  const limit = AbortSignal.timeout(patienceMs);
  try {
    await Promise.all([0, 1].map((rank) => meet(runId, rank, limit)));
    times.push(performance.now() - start);
  } catch (error) {
    failures.push(`${runId}: ${(error as Error).message}`);
  }
}

async function meet(runId: string, rank: number, signal: AbortSignal): Promise<void> {
  const control = await join(runId, rank, 2, signal);
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('not introduced in time')));
    control.listen((message) => {
      if (message.name === 'introduce') resolve();
    }, reject);
    control.send('seek', { peers: [{ rank: 1 - rank, failed: noPairing }] });
  });
  control.leave();
}

async function openIdle(wanted: number): Promise<ControlConnection[]> {
  const opened: ControlConnection[] = [];
  const atOnce = 250;
  while (opened.length < wanted) {
    const batch = Array.from({ length: Math.min(atOnce, wanted - opened.length) }, (_, index) => opened.length + index);
    const joined = batch.map((index) =>
      join(`idle ${Math.floor(index / worldSize)}`, index % worldSize, worldSize, AbortSignal.timeout(patienceMs)),
    );
    for (const control of await Promise.all(joined)) {
      control.listen(
        () => undefined,
        () => undefined,
      );
      opened.push(control);
    }
  }
  return opened;
}

async function join(runId: string, rank: number, size: number, signal: AbortSignal): Promise<ControlConnection> {
  return await openControl({
    rendezvous: { host: '127.0.0.1', port: server.port },
    role: 'member',
    runId,
    group: '',
    runKey: deriveRunKey(secret, runId),
    rank,
    worldSize: size,
    signal,
    randomBytes,
    candidates: () => [],
  });
}
