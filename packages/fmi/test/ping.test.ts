import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { FMI_PING_STEPS } from '@cosmicai/payload';
import { createConnector, startRendezvous, type RendezvousServer } from '@cosmicai/rendezvous';
import { deriveRunKey, mergePing, pingRank, pingWorld, type PingRankOptions } from '../src/index.ts';

const SECRET = 'a secret for the ping test';

describe('pingWorld', () => {
  it.each(['direct', 'relay'] as const)('measures every pair and checks every operation, %s', async (path) => {
    const report = await pingWorld({ worldSize: 4, path });
    expect(report.pairs.map(({ ranks }) => ranks)).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3],
      [2, 3],
    ]);
    for (const pair of report.pairs) {
      expect(pair).toMatchObject({ channel: path, encrypted: false });
      expect(pair.latencyUs).toBeGreaterThan(0);
      expect(pair.bandwidthMBs).toBeGreaterThan(0);
    }
    expect(report.collectives).toEqual(report.collectives.map(({ operation, ms }) => ({ operation, ms, ok: true })));
    expect(report.collectives.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining([
        'barrier',
        'bcast',
        'gather',
        'gatherv',
        'scatter',
        'reduce',
        'allreduce',
        'allgather',
        'scan',
        'split',
      ]),
    );
    expect(report).toMatchObject({ ok: true, failedStep: null });
    expect(report.joinMs).toBeGreaterThan(0);
    expect(report.setUpMs).toBeGreaterThan(0);
    expect(report.steps.map(({ step, ok }) => [step, ok])).toEqual(
      FMI_PING_STEPS.filter((step) => step !== 'invoke').map((step) => [step, true]),
    );
    expect(report.policy.every(({ choice, rows }) => rows.find(({ chosen }) => chosen)?.channel === choice)).toBe(true);
  });

  it('uses the given server, and says when it isn’t there', async () => {
    const server = await rendezvousServer();
    const rendezvous = { host: '127.0.0.1', port: server.port };
    const report = await pingWorld({ worldSize: 2, rendezvous, secret: SECRET, encrypt: true });
    expect(report).toMatchObject({ ok: true, ownServer: false, rendezvous, pairs: [{ encrypted: true }] });
    await server.close(0);
    const gone = await pingWorld({ worldSize: 2, rendezvous, secret: SECRET });
    expect(gone).toMatchObject({ ok: false, failedStep: 'connect', joinMs: null, setUpMs: null, collectives: [] });
    expect(gone.steps.at(-1)!.detail).toMatch(/^rank 0, 1: connect ECONNREFUSED /);
  });

  it('refuses world sizes that make no sense', async () => {
    await expect(pingWorld({ worldSize: 0 })).rejects.toThrow('allowed: 1 to 64');
  });
});

describe('the step at which a ping ends', () => {
  let server: RendezvousServer;
  beforeEach(async () => {
    server = await rendezvousServer();
  });
  afterEach(() => server.close(0));

  /** These ranks of a world, each with what is different for it. */
  async function ping(worldSize: number, ranks: readonly Partial<PingRankOptions>[]) {
    const pingId = 'ping-of-this-test';
    const rendezvous = { host: '127.0.0.1', port: server.port };
    const answers = await Promise.all(
      ranks.map((different, rank) =>
        pingRank({
          pingId,
          rank,
          worldSize,
          rendezvous,
          runKey: () => Promise.resolve(deriveRunKey(SECRET, pingId)),
          path: 'direct',
          encrypt: false,
          patienceMs: 300,
          deadlineMs: 500,
          ...different,
        }),
      ),
    );
    return mergePing(answers, { worldSize, rendezvous, ownServer: false });
  }
  const detailOf = ({ steps }: Awaited<ReturnType<typeof ping>>, step: string) =>
    steps.find((one) => one.step === step)?.detail;

  it('is the key, when there is none', async () => {
    const report = await ping(2, [{ runKey: () => Promise.reject(new Error('no key lies there')) }]);
    expect(report.steps).toEqual([
      { step: 'key', ok: false, ms: expect.any(Number), detail: 'rank 0: no key lies there' },
    ]);
  });

  it('is the address, when the name has none', async () => {
    const report = await ping(2, [{ rendezvous: { host: 'nobody.invalid', port: 1 } }]);
    expect(report.failedStep).toBe('resolve');
    expect(detailOf(report, 'resolve')).toContain('nobody.invalid');
  });

  it('is authentication, when the key is another or the server isn’t ours', async () => {
    const wrong = await ping(2, [{ runKey: () => Promise.resolve(deriveRunKey('another secret, as long', 'ping')) }]);
    expect(wrong.failedStep).toBe('authenticate');
    expect(detailOf(wrong, 'authenticate')).toContain('refused');

    const stranger = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    ).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const other = await ping(2, [{ rendezvous: { host: '127.0.0.1', port } }]);
    stranger.close();
    expect(other.failedStep).toBe('authenticate');
    expect(detailOf(other, 'authenticate')).toContain("isn't a CosmicAI rendezvous server");
  });

  it('is pairing, when the other one never comes', async () => {
    const report = await ping(2, [{}]);
    expect(report).toMatchObject({ ok: false, failedStep: 'pairing', pairs: [], setUpMs: null });
    expect(report.steps.map(({ step }) => step)).toEqual(['key', 'resolve', 'connect', 'authenticate', 'pairing']);
    expect(detailOf(report, 'pairing')).toContain(
      "Rank 1 wasn't reached in time: it hasn't come to the rendezvous server",
    );
  });

  it('is pairing with the missing member of a larger world; the others found their way to each other', async () => {
    const report = await ping(3, [{}, {}]);
    expect(report.failedStep).toBe('pairing');
    expect(detailOf(report, 'pairing')).toMatch(/^rank 0, 1: Rank 2 wasn't reached in time/);
    expect(report.steps.slice(-2)).toEqual([
      expect.objectContaining({ step: 'punching', ok: true, detail: 'direct' }),
      expect.objectContaining({ step: 'handshake', ok: true }),
    ]);
  });

  it('is none, when no direct way is found: the relay is taken, and that is said', async () => {
    // A peer that takes part in nothing direct is as good as one behind a symmetric NAT.
    const report = await ping(2, [{ patienceMs: 10_000 }, { path: 'relay', patienceMs: 10_000 }]);
    expect(report).toMatchObject({ ok: true, pairs: [{ ranks: [0, 1], channel: 'relay' }] });
    expect(detailOf(report, 'punching')).toContain('no direct way to rank 1: messages go through the relay');
  });

  it('is the handshake, when the two ends ask for different links', async () => {
    const report = await ping(2, [{ encrypt: true }, {}]);
    expect(report.failedStep).toBe('handshake');
    expect(detailOf(report, 'handshake')).toContain('asks for encryption');
  });

  it('is the measurement, when a peer leaves as soon as the link stands', async () => {
    const pingId = 'ping-of-this-test';
    const rendezvous = { host: '127.0.0.1', port: server.port };
    const runKey = deriveRunKey(SECRET, pingId);
    const deserter = await createConnector({ rendezvous, runId: pingId, runKey, rank: 1, worldSize: 2 });
    const [report] = await Promise.all([
      ping(2, [{ patienceMs: 10_000 }]),
      deserter.connect(0).then(({ socket }) => {
        socket.resume();
        return deserter.close();
      }),
    ]);
    expect(report).toMatchObject({ failedStep: 'measure', collectives: [] });
    expect(detailOf(report, 'measure')).toContain('Rank 1');
  });

  it('is nothing when Ctrl-C came: the ping throws', async () => {
    const reason = new Error('Ctrl-C');
    await expect(ping(2, [{ signal: AbortSignal.abort(reason) }])).rejects.toBe(reason);
  });
});

async function rendezvousServer(): Promise<RendezvousServer> {
  return await startRendezvous({ host: '127.0.0.1', port: 0, healthPort: 0, secrets: [SECRET] });
}
