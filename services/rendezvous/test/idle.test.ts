import { startRendezvous, type RendezvousStats } from '@cosmicai/rendezvous';
import { idleTime } from '../src/idle.ts';

const secret = 'a secret of the tests, long enough';
let nothing: RendezvousStats;

beforeAll(async () => {
  const server = await startRendezvous({ secrets: [secret], host: '127.0.0.1', port: 0, healthPort: 0 });
  nothing = server.stats();
  await server.close(0);
});

/** A server that is looked at each minute. */
function given() {
  const state = { now: 0, stats: nothing };
  const idle = idleTime(
    () => state.stats,
    () => state.now,
  );
  return (change: Partial<RendezvousStats> = {}) => {
    state.now += 60_000;
    state.stats = { ...state.stats, ...change };
    return idle() / 60_000;
  };
}

it('grows from the beginning while nobody comes but strangers', () => {
  const minute = given();
  expect([minute(), minute({ connections: 3, accepted: 9, refused: { malformed: 9 } }), minute()]).toEqual([1, 2, 3]);
});

it.each(['openRuns', 'members', 'waitingV1', 'waitingV2', 'relays'] as const)('begins anew after %s', (what) => {
  const minute = given();
  minute();
  expect([minute({ [what]: 1 }), minute(), minute({ [what]: 0 }), minute()]).toEqual([0, 0, 1, 2]);
});

it('begins anew for who came and went between two looks', () => {
  const minute = given();
  minute();
  expect([minute({ authenticated: 2 }), minute()]).toEqual([0, 1]);
});
