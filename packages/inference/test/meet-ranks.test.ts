import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkRendezvous, deriveRunKey, startRendezvous, type RendezvousServer } from '@cosmicai/rendezvous';
import { PredictionMetrics } from '@cosmicai/metrics';
import { fmiReportSchema, meetingText, parseAs, parseJsonAs, rankTaskSchema, runLayout } from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { declineMeeting, meetRanks } from '../src/meet-ranks.ts';

const SECRET = 'a secret of the rendezvous server';
const layout = runLayout('out', 'run-1');
let folder: string;
let store: ObjectStore;
let server: RendezvousServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-meeting-'));
  store = fileStore(folder);
  await store.put(layout.rendezvousKey, deriveRunKey(SECRET, 'run-1').toString('hex'));
  server = await startRendezvous({ secrets: [SECRET], host: '127.0.0.1', port: 0, healthPort: 0 });
});
afterEach(async () => {
  await server.close(0);
  await rm(folder, { recursive: true });
});

/** Ranks of a run in which rank 1 has no data: three of four meet. */
const WITH_DATA = [0, 2, 3];
const task = (rank: number, endpoint = `127.0.0.1:${server.port}`) =>
  parseAs(
    rankTaskSchema,
    {
      S3_BUCKET: 'galaxies',
      DATA_BUCKET: 'galaxies',
      WORLD_SIZE: '4',
      RANK: String(rank),
      DATA_PATH: `${rank}.pt`,
      RESULT_PATH: 'out',
      BATCH_SIZE: 32,
      RUN_ID: 'run-1',
      FMI_ENABLED: true,
      RENDEZVOUS_ENDPOINT: endpoint,
      FMI_WORLD_SIZE: WITH_DATA.length,
      FMI_RANK: WITH_DATA.indexOf(rank),
    },
    'task',
  );

function metricsOf(rank: number): PredictionMetrics {
  const metrics = new PredictionMetrics();
  for (let sample = 0; sample < 50; sample++) metrics.add(0.1 + sample / 500, 0.1 + sample / 450 + rank / 100);
  return metrics;
}

const environment = () => ({
  store,
  monotonic: () => performance.now(),
  now: () => new Date('2026-03-04T05:06:07Z'),
  memoryLimitMb: null,
});
const meet = (rank: number) => meetRanks(task(rank), metricsOf(rank), environment());

describe('meetRanks', () => {
  it('reduces the metrics of all ranks with data, the same as over all predictions at once', async () => {
    const outcomes = await Promise.all(WITH_DATA.map(meet));

    expect(outcomes.map((outcome) => outcome.status)).toEqual(['met', 'met', 'met']);
    const report = parseJsonAs(fmiReportSchema, (await store.get(layout.fmi)).toString(), 'fmi.json');
    expect(report.ranks.map((rank) => rank.rank)).toEqual(WITH_DATA);
    const whole = new PredictionMetrics();
    for (const rank of WITH_DATA.toReversed()) whole.merge(metricsOf(rank));
    expect(report.prediction_scores).toEqual(whole.finish());
  });

  it('goes where the server was found when the run was opened', async () => {
    const runKey = deriveRunKey(SECRET, 'run-1');
    await store.put(layout.rendezvousKey, meetingText({ runKey, endpoint: `127.0.0.1:${server.port}` }));
    const outcomes = await Promise.all(
      WITH_DATA.map((rank) => meetRanks(task(rank, 'stage'), metricsOf(rank), environment())),
    );
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['met', 'met', 'met']);
  });

  it('tells by which links the ranks met', async () => {
    const outcomes = await Promise.all(WITH_DATA.map(meet));

    const { links, ranks } = parseJsonAs(fmiReportSchema, (await store.get(layout.fmi)).toString(), 'fmi.json');
    // Three ranks: each needs both others. On one machine nothing stands in the way of a direct link.
    const linkTo = (to: number) => ({
      to,
      channel: 'direct',
      encrypted: false,
      setup_ms: expect.any(Number) as number,
    });
    expect(ranks.map((rank) => rank.links)).toEqual(
      WITH_DATA.map((rank) => WITH_DATA.filter((other) => other !== rank).map(linkTo)),
    );
    expect(links).toEqual({ direct: 3, relay: 0, encrypted: 0 });
    expect(outcomes).toEqual(
      WITH_DATA.map((): unknown =>
        expect.objectContaining({ status: 'met', links: { direct: 2, relay: 0, encrypted: 0 } }),
      ),
    );
  });

  it('lets no rank hang for one that has failed for good', async () => {
    const [first, , last] = await Promise.all([meet(0), declineMeeting(task(2), environment()), meet(3)]);

    expect(first).toMatchObject({ status: 'missed' });
    expect(last).toMatchObject({ status: 'missed' });
    expect(await store.head(layout.fmi)).toBeUndefined();
  });

  it('lets no rank wait for one that failed for good before any other came', async () => {
    // As CheckRendezvous does before ranks start.
    await checkRendezvous({
      rendezvous: { host: '127.0.0.1', port: server.port },
      runId: 'run-1',
      runKey: deriveRunKey(SECRET, 'run-1'),
      worldSize: WITH_DATA.length,
    });
    await declineMeeting(task(2), environment());

    const outcomes = await Promise.all([meet(0), meet(3)]);

    expect(outcomes.map((outcome) => outcome.status)).toEqual(['missed', 'missed']);
  });

  it('misses the meeting, and nothing else, when the run has no key', async () => {
    await store.delete(layout.rendezvousKey);

    expect(await meet(0)).toEqual({ status: 'missed', reason: expect.stringContaining('no CheckRendezvous step') });
  });

  it('misses the meeting when the key is not the server’s', async () => {
    await store.put(layout.rendezvousKey, deriveRunKey('another secret, as long', 'run-1').toString('hex'));

    expect(await meet(0)).toMatchObject({ status: 'missed' });
  });
});
