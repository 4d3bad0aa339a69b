// What ranks must bear, at real lengths: a rank that computes for 60 s, a server stopped for 40 s, a server 5 s late.
// node packages/fmi/bench/patience.ts
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startRendezvous } from '@cosmicai/rendezvous';
import { ways, type Way } from '../test/support/kill-rounds.ts';
import { patientWorld, type PatientPeer } from '../test/support/patient-world.ts';
import { secret } from '../../rendezvous/bench/server-process.ts';

const SERVER = fileURLToPath(new URL('../../rendezvous/bench/server-process.ts', import.meta.url));
const COMPUTES_MS = 60_000;
const STOPPED_MS = 40_000;
const LATE_MS = 5_000;
const common = { worldSize: 4, secret, deadlineMs: 120_000, joinMs: 10_000 };

async function ends(peers: readonly PatientPeer[]): Promise<boolean> {
  const all = await Promise.all(peers.map(({ end }) => end));
  const isGood = all.every((report) => report.state === 'done');
  if (!isGood) process.stderr.write(`${JSON.stringify(all)}\n`);
  return isGood;
}

async function serverProcess() {
  const server = fork(SERVER, ['{}'], { execArgv: [] });
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  return { server, port };
}

async function computes(way: Way): Promise<boolean> {
  const { server, port } = await serverProcess();
  const good = await ends(patientWorld({ ...common, way, port, busyMs: [0, COMPUTES_MS] }));
  server.kill();
  return good;
}

async function stopped(way: Way): Promise<boolean> {
  const { server, port } = await serverProcess();
  // The ranks meet again after the server has gone on, and while it stands still.
  const peers = patientWorld({ ...common, way, port, busyMs: [0, STOPPED_MS + 10_000] });
  await Promise.all(peers.map(({ met }) => met));
  server.kill('SIGSTOP');
  await delay(STOPPED_MS);
  server.kill('SIGCONT');
  const good = await ends(peers);
  server.kill();
  return good;
}

async function late(way: Way): Promise<boolean> {
  const { server, port } = await serverProcess();
  server.kill();
  await once(server, 'exit');
  const peers = patientWorld({ ...common, way, port, busyMs: [] });
  await delay(LATE_MS);
  const ours = await startRendezvous({ secrets: [secret], host: '127.0.0.1', port, healthPort: 0 });
  const good = await ends(peers);
  await ours.close(0);
  return good;
}

const results = await Promise.all(
  (Object.keys(ways) as Way[]).map(async (way) => ({
    way,
    computes60s: await computes(way),
    serverStopped40s: await stopped(way),
    server5sLate: await late(way),
  })),
);
process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
process.exitCode = results.every((each) => each.computes60s && each.serverStopped40s && each.server5sLate) ? 0 : 1;
