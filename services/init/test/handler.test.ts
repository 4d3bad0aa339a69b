import { jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { deriveRunKey } from '@cosmicai/rendezvous';
import { InvalidInputError, UserInputError } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { openMeeting } from '../src/check-rendezvous.ts';
import { init, initFmi } from '../src/handler.ts';
import { countNotStarted } from '../src/not-started.ts';
import { NO_SERVER, runReference } from './run-reference.ts';

const SECRET = 'a-secret-of-the-rendezvous-server';
const folder = mkdtempSync(join(tmpdir(), 'cosmicai-init-handler-'));
const store = fileStore(join(folder, 'galaxies'));

beforeAll(() => {
  process.env.COSMICAI_STORE = pathToFileURL(folder).href;
  process.env.COSMICAI_RENDEZVOUS_SECRETS = SECRET;
});
afterAll(() => {
  delete process.env.COSMICAI_STORE;
  delete process.env.COSMICAI_RENDEZVOUS_SECRETS;
  rmSync(folder, { recursive: true });
});

describe('the functions of init', () => {
  it('plan a run under an id of its time, another one each time', async () => {
    await store.put('1.pt', 'a partition');

    const ids = [await init({ bucket: 'galaxies' }), await init({ bucket: 'galaxies' })].map(({ run }) => run.run_id);

    for (const id of ids) expect(id).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('open a ping by itself, and a meeting for anything else', async () => {
    const ping = { fmi_ping: { ping_id: 'ping-0f1e2d3c', bucket: 'galaxies', result_path: 'out' } };

    expect(await initFmi(ping)).toEqual({
      statusCode: 200,
      ping_id: 'ping-0f1e2d3c',
      key: 'out/runs/ping-0f1e2d3c/rendezvous-key',
    });
    expect((await store.get('out/runs/ping-0f1e2d3c/rendezvous-key')).toString()).toBe(
      deriveRunKey(SECRET, 'ping-0f1e2d3c').toString('hex'),
    );
    await expect(initFmi({ run: { ...runReference, rendezvous_endpoint: null } })).rejects.toThrow(UserInputError);
    const refused = initFmi({ hello: 1 });
    await expect(refused).rejects.toBeInstanceOf(InvalidInputError);
    await expect(refused).rejects.toThrow(
      /^input of CheckRendezvous has.*run: .*the "run" object that Initialize answered/s,
    );
    await expect(initFmi(7)).rejects.toThrow(/allowed: the answer of Initialize/);
  });
});

it('count for the stage’s alarm, in the format that CloudWatch takes metrics from, that its server did not start', async () => {
  // As in the tests of the server's own metrics.
  process.env.POWERTOOLS_DEV = 'true';
  process.env.POWERTOOLS_METRICS_DISABLED = 'false';
  const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  countNotStarted({ COSMICAI_STAGE: 'dev' });
  delete process.env.POWERTOOLS_DEV;
  delete process.env.POWERTOOLS_METRICS_DISABLED;
  const said = JSON.parse(String(log.mock.calls[0]![0])) as { _aws: { CloudWatchMetrics: unknown[] } };
  log.mockRestore();
  expect(said).toMatchObject({ service: 'rendezvous', stage: 'dev', NotStarted: 1 });
  expect(said._aws.CloudWatchMetrics).toMatchObject([{ Namespace: 'CosmicAI', Dimensions: [['service', 'stage']] }]);
});

describe('a meeting', () => {
  it('is opened for as many ranks as have data, with the run’s own key', async () => {
    const asked: unknown[] = [];

    const answer = await openMeeting(
      { run: runReference },
      {
        ...NO_SERVER,
        openStore: () => store,
        secret: async () => SECRET,
        check: async (options) => {
          asked.push(options);
          return { setupMs: 12, members: 0, observed: { host: '127.0.0.1', port: 1 } };
        },
      },
    );

    expect(answer).toEqual({ statusCode: 200, endpoint: 'rendezvous.example.org:10000', setup_ms: 12 });
    expect(asked).toEqual([
      {
        rendezvous: { host: 'rendezvous.example.org', port: 10_000 },
        runId: 'run-1',
        runKey: deriveRunKey(SECRET, 'run-1'),
        worldSize: 3,
      },
    ]);
    expect((await store.get('out/runs/run-1/rendezvous-key')).toString()).toBe(
      deriveRunKey(SECRET, 'run-1').toString('hex'),
    );
  });
});
