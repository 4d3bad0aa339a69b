import { pingWorld, RendezvousUnavailableError, startRendezvous } from '../src/index.ts';

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
    expect(report.policy.every(({ choice, rows }) => rows.find(({ chosen }) => chosen)?.channel === choice)).toBe(true);
  });

  it('uses the given server, and says when it isn’t there', async () => {
    const secret = 'a secret for the ping test';
    const server = await startRendezvous({ host: '127.0.0.1', port: 0, healthPort: 0, secrets: [secret] });
    const rendezvous = { host: '127.0.0.1', port: server.port };
    const report = await pingWorld({ worldSize: 2, rendezvous, secret, encrypt: true });
    expect(report).toMatchObject({ ownServer: false, rendezvous, pairs: [{ encrypted: true }] });
    await server.close(0);
    await expect(pingWorld({ worldSize: 2, rendezvous, secret })).rejects.toThrow(RendezvousUnavailableError);
  });

  it('refuses world sizes that make no sense', async () => {
    await expect(pingWorld({ worldSize: 0 })).rejects.toThrow('allowed: 1 to 64');
  });
});
