import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  deriveRunKey,
  RendezvousRefusedError,
  RendezvousUnavailableError,
  startRendezvous,
  type RendezvousServer,
} from '@cosmicai/rendezvous';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { openMeeting } from '../src/check-rendezvous.ts';
import { runReference } from './run-reference.ts';

const SECRET = 'a secret of the rendezvous server';
let folder: string;
let store: ObjectStore;
let server: RendezvousServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-check-'));
  store = fileStore(folder);
  server = await startRendezvous({ secrets: [SECRET], host: '127.0.0.1', port: 0, healthPort: 0 });
});
afterEach(async () => {
  await server.close(0);
  await rm(folder, { recursive: true });
});

const input = (port: number) => ({ run: { ...runReference, rendezvous_endpoint: `127.0.0.1:${port}` } });
const open = (port: number, secret = SECRET) =>
  openMeeting(input(port), { openStore: () => store, secret: () => Promise.resolve(secret) });

describe('openMeeting', () => {
  it('proves the server and leaves the run’s key for its ranks', async () => {
    const answer = await open(server.port);

    expect(answer).toMatchObject({ statusCode: 200, endpoint: `127.0.0.1:${server.port}` });
    expect((await store.get('out/runs/run-1/rendezvous-key')).toString()).toBe(
      deriveRunKey(SECRET, 'run-1').toString('hex'),
    );
    expect((await stat(join(folder, 'out/runs/run-1/rendezvous-key'))).mode & 0o777).toBe(0o600);
  });

  it('fails the run early when the server has another secret, and leaves no key', async () => {
    await expect(open(server.port, 'another secret, as long')).rejects.toThrow(RendezvousRefusedError);
    expect(await store.head('out/runs/run-1/rendezvous-key')).toBeUndefined();
  });

  it('fails the run early when nothing answers', async () => {
    const { port } = server;
    await server.close(0);

    await expect(open(port)).rejects.toThrow(RendezvousUnavailableError);
  });
});
