import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deriveRunKey, startRendezvous, type RendezvousServer } from '@cosmicai/rendezvous';
import { fmiPingAnswerSchema, InvalidInputError, parseAs, type FmiPingTask } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { infer } from '../src/handler.ts';

const SECRET = 'a secret of the rendezvous server';
const PING = 'ping-0f1e2d3c';
const KEY = `results/runs/${PING}/rendezvous-key`;
let buckets: string;
let server: RendezvousServer;

beforeEach(async () => {
  buckets = mkdtempSync(join(tmpdir(), 'cosmicai-ping-'));
  mkdirSync(join(buckets, 'galaxies'));
  process.env.COSMICAI_STORE = pathToFileURL(buckets).href;
  server = await startRendezvous({ secrets: [SECRET], host: '127.0.0.1', port: 0, healthPort: 0 });
});
afterEach(async () => {
  delete process.env.COSMICAI_STORE;
  await server.close(0);
  rmSync(buckets, { recursive: true });
});

/** What the function answers, as it travels. */
async function ping(rank: number, different: Partial<FmiPingTask['fmi_ping']> = {}) {
  const task: FmiPingTask = {
    fmi_ping: {
      ping_id: PING,
      bucket: 'galaxies',
      result_path: 'results',
      rendezvous_endpoint: `127.0.0.1:${server.port}`,
      rank,
      world_size: 2,
      patience_ms: 10_000,
      ...different,
    },
  };
  return parseAs(fmiPingAnswerSchema, JSON.parse(JSON.stringify(await infer(task))), 'answer');
}

const failure = ({ steps }: Awaited<ReturnType<typeof ping>>) => steps.find(({ ok }) => !ok);

describe('the inference function given a ping', () => {
  it('meets its peer with the key in the bucket, measures and checks, and infers nothing', async () => {
    await openStore('galaxies').put(KEY, deriveRunKey(SECRET, PING).toString('hex'));
    const [low, high] = await Promise.all([ping(0), ping(1)]);
    expect([failure(low), failure(high)]).toEqual([undefined, undefined]);
    expect(low.pairs).toEqual([expect.objectContaining({ ranks: [0, 1], channel: 'direct', encrypted: false })]);
    expect(high.pairs).toEqual([]);
    for (const { collectives } of [low, high]) {
      expect(collectives.length).toBeGreaterThan(9);
      expect(collectives.filter(({ ok }) => !ok)).toEqual([]);
    }
  });

  it('encrypts, and goes through the relay, when it is asked to', async () => {
    await openStore('galaxies').put(KEY, deriveRunKey(SECRET, PING).toString('hex'));
    const asked = { path: 'relay', encrypt: 'true' } as const;
    const [low] = await Promise.all([ping(0, asked), ping(1, asked)]);
    expect(low.pairs).toEqual([expect.objectContaining({ channel: 'relay', encrypted: true })]);
  });

  it('names the step that failed', async () => {
    expect(failure(await ping(0))).toMatchObject({ step: 'key', detail: expect.stringContaining(KEY) });

    await openStore('galaxies').put(KEY, deriveRunKey('another secret, as long', PING).toString('hex'));
    expect(failure(await ping(0))).toMatchObject({ step: 'authenticate', detail: expect.stringContaining('refused') });

    await openStore('galaxies').put(KEY, deriveRunKey(SECRET, PING).toString('hex'));
    expect(failure(await ping(0, { patience_ms: 50 }))).toMatchObject({
      step: 'pairing',
      detail: expect.stringContaining("Rank 1 wasn't reached in time"),
    });
    expect(failure(await ping(0, { rendezvous_endpoint: 'nobody.invalid:10000' }))).toMatchObject({ step: 'resolve' });
    const { port } = server;
    await server.close(0);
    expect(failure(await ping(0, { rendezvous_endpoint: `127.0.0.1:${port}` }))).toMatchObject({ step: 'connect' });
  });

  it('refuses a task that is wrong, and takes no rank task for a ping', async () => {
    await expect(ping(0, { ping_id: '20260304T050607Z-01234567' })).rejects.toThrow(InvalidInputError);
    await expect(infer({ RANK: '0' })).rejects.toThrow('rank task');
  });
});
