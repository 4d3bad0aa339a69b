import { defaultLimits, defaultTimeouts } from '../src/server/options.ts';
import { OpenRuns } from '../src/server/open-runs.ts';
import { checkRendezvous, deriveRunKey } from '../src/index.ts';
import { at, Scene, secret, until } from './harness.ts';

function given(worlds: number = defaultLimits.worlds) {
  const clock = { now: 0 };
  const context = { now: () => clock.now, timeouts: defaultTimeouts, limits: { ...defaultLimits, worlds } };
  return { clock, runs: new OpenRuns(context) };
}

describe('a run that was opened', () => {
  it('is open until each of its ranks has come, whichever leaves before', () => {
    const { runs } = given();
    runs.opened('a', 2);
    runs.came('a', 1);
    runs.came('a', 1);
    runs.came('b', 0);
    expect(runs.count).toBe(1);
    runs.came('a', 0);
    expect(runs.count).toBe(0);
  });

  it('outlasts four attempts of its ranks, which meet when they have predicted, and no more', () => {
    const { clock, runs } = given();
    runs.opened('a', 2);
    clock.now = 4 * 15 * 60_000;
    expect(runs.count).toBe(1);
    clock.now = defaultTimeouts.openRun;
    expect(runs.count).toBe(0);
  });

  it('begins anew when it is opened again', () => {
    const { clock, runs } = given();
    runs.opened('a', 1);
    clock.now = defaultTimeouts.openRun - 1;
    runs.opened('a', 1);
    clock.now += 1000;
    expect(runs.count).toBe(1);
  });

  it('makes room where too many are', () => {
    const { runs } = given(2);
    for (const run of ['a', 'b', 'c']) runs.opened(run, 1);
    expect(runs.count).toBe(2);
    runs.came('a', 0);
    expect(runs.count).toBe(2);
  });
});

describe('a server', () => {
  const scene = new Scene();
  afterEach(() => scene.close());

  it('counts a run as open from its check until its ranks have come', async () => {
    const server = await scene.server();
    await checkRendezvous({ rendezvous: at(server), runId: 'run', runKey: deriveRunKey(secret, 'run'), worldSize: 2 });
    expect(server.stats().openRuns).toBe(1);
    const first = await scene.connector(server, { rank: 0, worldSize: 2 });
    await first.close();
    await until(() => server.stats().members === 0);
    expect(server.stats().openRuns).toBe(1);
    await scene.connector(server, { rank: 1, worldSize: 2 });
    expect(server.stats()).toMatchObject({ openRuns: 0, members: 1 });
  });
});
