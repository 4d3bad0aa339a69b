import { jest } from '@jest/globals';
import type { RendezvousStats } from '@cosmicai/rendezvous';
import { stageMetrics } from '../src/cloudwatch.ts';

interface EmbeddedMetrics {
  readonly _aws: { readonly CloudWatchMetrics: readonly unknown[] };
}

const start: RendezvousStats = {
  connections: 0,
  worlds: 0,
  openRuns: 0,
  members: 0,
  waitingV1: 0,
  waitingV2: 0,
  relays: 0,
  draining: false,
  accepted: 0,
  authenticated: 0,
  introductions: 10,
  punches: 0,
  relaysOpened: 0,
  relayedBytes: 1000,
  pairingsV1: 1,
  pairingsV2: 2,
  membersLost: 0,
  membersLeft: 0,
  refused: {},
};

it('logs what has happened since the last time, in the format that CloudWatch takes metrics from', () => {
  // Powertools writes past the console that tests can listen to unless the first is set, and then nothing unless the second is.
  process.env.POWERTOOLS_DEV = 'true';
  process.env.POWERTOOLS_METRICS_DISABLED = 'false';
  const log = jest.spyOn(console, 'log').mockImplementation(() => undefined);
  let stats = start;
  const publish = stageMetrics('dev', () => stats);

  stats = { ...start, introductions: 14, pairingsV2: 3, relayedBytes: 6000, members: 4, refused: { unknownKey: 2 } };
  publish();
  publish();

  const [first, second] = log.mock.calls.map(([line]) => JSON.parse(line as string) as EmbeddedMetrics);
  expect(first).toMatchObject({
    stage: 'dev',
    service: 'rendezvous',
    Pairs: 5,
    RelayBytes: 5000,
    Refused: 2,
    Ranks: 4,
  });
  expect(first!._aws.CloudWatchMetrics[0]).toMatchObject({ Namespace: 'CosmicAI', Dimensions: [['service', 'stage']] });
  expect(second).toMatchObject({ Pairs: 0, RelayBytes: 0, Refused: 0, Ranks: 4 });
  log.mockRestore();
});
