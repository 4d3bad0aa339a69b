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
import { parseMeeting } from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { openMeeting } from '../src/check-rendezvous.ts';
import { NO_SERVER, runReference } from './run-reference.ts';

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
  openMeeting(input(port), { ...NO_SERVER, openStore: () => store, secret: () => Promise.resolve(secret) });

describe('openMeeting', () => {
  it('proves the server and leaves the run’s key for its ranks', async () => {
    const answer = await open(server.port);

    expect(answer).toMatchObject({ statusCode: 200, endpoint: `127.0.0.1:${server.port}` });
    expect((await store.get('out/runs/run-1/rendezvous-key')).toString()).toBe(
      deriveRunKey(SECRET, 'run-1').toString('hex'),
    );
    expect((await stat(join(folder, 'out/runs/run-1/rendezvous-key'))).mode & 0o777).toBe(0o600);
  });

  describe('at the stage’s own server', () => {
    const own = (name?: string) => ({
      service: 'cosmicai-dev/rendezvous',
      region: 'us-east-1',
      name,
      onDemand: true,
      look: () => Promise.resolve({ wanted: 1, endpoint: `127.0.0.1:${server.port}`, news: undefined }),
      start: () => Promise.reject(new Error('It runs already.')),
      stop: () => Promise.reject(new Error('It is needed.')),
    });
    const at = (rendezvous_endpoint: string, stageServer: ReturnType<typeof own> | undefined) =>
      openMeeting(
        { run: { ...runReference, rendezvous_endpoint } },
        { ...NO_SERVER, server: stageServer, openStore: () => store, secret: () => Promise.resolve(SECRET) },
      );
    const left = async () => parseMeeting((await store.get('out/runs/run-1/rendezvous-key')).toString());

    it.each(['stage', 'meet.example.org:10000'])(
      'named %s, leaves the place where it is now with the key',
      async (name) => {
        const endpoint = `127.0.0.1:${server.port}`;
        expect(await at(name, own('meet.example.org:10000'))).toMatchObject({ endpoint });
        expect(await left()).toEqual({ runKey: Buffer.from(deriveRunKey(SECRET, 'run-1')), endpoint });
        // Opened, the run keeps the server there.
        expect(server.stats().openRuns).toBe(1);
      },
    );

    it('does not go there when another server is named', async () => {
      await at(`127.0.0.1:${server.port}`, own());
      expect((await left()).endpoint).toBeUndefined();
    });

    it('refuses where the stage has none', async () => {
      await expect(at('stage', undefined)).rejects.toThrow(
        /rendezvous server of their stage .* Set rendezvous\.enabled/,
      );
    });
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
