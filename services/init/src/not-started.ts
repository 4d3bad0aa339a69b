import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { stageDimensions } from '@cosmicai/trace';

/** What the stage's alarm waits for: nothing is counted while the server is meant not to be there. */
export function countNotStarted(environment: NodeJS.ProcessEnv): void {
  const metrics = new Metrics({ namespace: 'CosmicAI', serviceName: 'rendezvous', ...stageDimensions(environment) });
  metrics.addMetric('NotStarted', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
}
