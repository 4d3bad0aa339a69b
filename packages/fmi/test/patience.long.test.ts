import { once } from 'node:events';
import { createServer } from 'node:net';
import { startRendezvous, type RendezvousServer } from '@cosmicai/rendezvous';
import { freePort } from '../../../test/free-port.ts';
import { ways, type Way } from './support/kill-rounds.ts';
import { patientWorld } from './support/patient-world.ts';

const secret = 'a secret for patient peers';
const worldSize = 3;
const host = '127.0.0.1';
const done = { state: 'done', sum: 3 };

it('a rank that computes for longer than the server listens is waited for: its links stand, whatever the server says', async () => {
  // Longer than a busy machine keeps a rank from answering before its links stand.
  await using server = await started(0, { heartbeat: 200, silent: 6_000 });
  const worlds = Object.keys(ways).map((way) => {
    return patientWorld({ ...common, way: way as Way, port: server.port, busyMs: [] });
  });
  // From outside, a stopped process is one that computes without a pause.
  const busy = worlds.map((peers) => peers[1]!);
  await Promise.all(busy.map(({ met, process }) => met.then(() => process.kill('SIGSTOP'))));
  while (server.stats().membersLost < busy.length) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const { process } of busy) process.kill('SIGCONT');
  for (const peers of worlds) {
    expect(await Promise.all(peers.map(({ end }) => end))).toEqual([done, done, done]);
    expect(await Promise.all(peers.map(({ exitCode }) => exitCode))).toEqual([0, 0, 0]);
  }
});

const common = { worldSize, secret, deadlineMs: 30_000, joinMs: 20_000 };

it('a server that comes late is waited for until joinMs', async () => {
  const port = await freePort();
  const peers = patientWorld({ ...common, way: 'TCP', port, busyMs: [] });
  // Not before every peer has looked for it.
  await Promise.all(peers.map(({ process }) => once(process, 'spawn')));
  const early = Promise.withResolvers<unknown>();
  const stranger = createServer((socket) => {
    socket.destroy();
    early.resolve(socket);
  }).listen(port, host);
  await early.promise;
  stranger.close();
  await once(stranger, 'close');
  await using _server = await started(port);
  expect(await Promise.all(peers.map(({ end }) => end))).toEqual([done, done, done]);
});

it('a server that never comes is named at joinMs, with what was tried', async () => {
  const [peer] = patientWorld({ ...common, worldSize: 1, way: 'TCP', port: await freePort(), busyMs: [], joinMs: 300 });
  expect(await peer!.end).toEqual({
    state: 'failed',
    error: expect.stringContaining('No rendezvous server answers') as unknown,
  });
  expect(await peer!.exitCode).toBe(0);
});

it('a failed world lets its process end without being closed', async () => {
  await using server = await started(0);
  const peers = patientWorld({ ...common, way: 'UNIX sockets', port: server.port, busyMs: [0, 0, 60_000] });
  await Promise.all(peers.map(({ met }) => met));
  peers[2]!.process.kill('SIGKILL');
  for (const { end, exitCode } of peers.slice(0, 2)) {
    expect(await end).toMatchObject({ state: 'failed', error: expect.stringContaining('Rank 2 was lost') as unknown });
    expect(await exitCode).toBe(0);
  }
});

async function started(port: number, timeouts = {}): Promise<AsyncDisposable & RendezvousServer> {
  const server = await startRendezvous({ secrets: [secret], host, port, healthPort: 0, timeouts });
  return { ...server, [Symbol.asyncDispose]: () => server.close(0) };
}
