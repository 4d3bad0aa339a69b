import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { RendezvousStats } from '@cosmicai/rendezvous';

/**
 * What a deployed server tells CloudWatch: a line of JSON in its log (embedded metric format) for each call, with what has
 * happened since the call before. The stage's dashboard shows these.
 *
 * @param stage dimension of the metrics, beside `service: rendezvous`
 */
export function stageMetrics(stage: string, stats: () => RendezvousStats): () => void {
  const metrics = new Metrics({ namespace: 'CosmicAI', serviceName: 'rendezvous', defaultDimensions: { stage } });
  let before = stats();
  return () => {
    const now = stats();
    metrics.addMetric('Pairs', MetricUnit.Count, pairs(now) - pairs(before));
    metrics.addMetric('RelayBytes', MetricUnit.Bytes, now.relayedBytes - before.relayedBytes);
    metrics.addMetric('RanksLost', MetricUnit.Count, now.membersLost - before.membersLost);
    metrics.addMetric('Refused', MetricUnit.Count, refusals(now) - refusals(before));
    metrics.addMetric('Ranks', MetricUnit.Count, now.members);
    before = now;
    metrics.publishStoredMetrics();
  };
}

function pairs({ introductions, pairingsV1, pairingsV2 }: RendezvousStats): number {
  return introductions + pairingsV1 + pairingsV2;
}

function refusals({ refused }: RendezvousStats): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0);
}
