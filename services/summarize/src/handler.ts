import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '@cosmicai/store';
import { stageDimensions, traced } from '@cosmicai/trace';
import { findRun } from './locate-run.ts';
import { resultSummary as combineRuns, type ResultSummaryAnswer } from './result-summary.ts';
import { summarize as summarizeRun, type SummarizeAnswer } from './summarize.ts';

const logger = new Logger({ serviceName: 'summarize' });
const metrics = new Metrics({ namespace: 'CosmicAI', serviceName: 'summarize', ...stageDimensions(process.env) });

/** Combines the ranks of a run. Input: whatever the state machine has left, as long as it names the run. */
export async function summarize(input: unknown): Promise<SummarizeAnswer> {
  const answer = await traced('summarize', async (annotate) => {
    const summarized = await summarizeRun(input, {
      openStore,
      now: () => new Date(),
      sleep,
      region: process.env.AWS_REGION,
    });
    annotate({ run_id: summarized.run_id, status: summarized.status });
    return summarized;
  });
  const { run_id, status, cause } = answer;
  logger.info('run summarized', { run_id, status, cause });
  metrics.addMetadata('run_id', run_id);
  metrics.addMetric('RunsSucceeded', MetricUnit.Count, status === 'FAILED' ? 0 : 1);
  metrics.addMetric('RunsFailed', MetricUnit.Count, status === 'FAILED' ? 1 : 0);
  metrics.publishStoredMetrics();
  return answer;
}

/**
 * Combines several runs, named by `bucket` and `prefix`. State machines that call this function as their last step pass a
 * single run, and get what `summarize` answers.
 */
export function resultSummary(input: unknown): Promise<SummarizeAnswer | ResultSummaryAnswer> {
  return findRun(input) === undefined ? combineRuns(input, openStore) : summarize(input);
}
