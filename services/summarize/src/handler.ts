import { openStore } from '@cosmicai/store';
import { findRun } from './locate-run.ts';
import { resultSummary as combineRuns, type ResultSummaryAnswer } from './result-summary.ts';
import { summarize as summarizeRun, type SummarizeAnswer } from './summarize.ts';

/** Combines the ranks of a run. Input: whatever the state machine has left, as long as it names the run. */
export function summarize(input: unknown): Promise<SummarizeAnswer> {
  return summarizeRun(input, { openStore, now: () => new Date(), region: process.env.AWS_REGION });
}

/**
 * Combines several runs, named by `bucket` and `prefix`. State machines that call this function as their last step pass a
 * single run, and get what `summarize` answers.
 */
export function resultSummary(input: unknown): Promise<SummarizeAnswer | ResultSummaryAnswer> {
  return findRun(input) === undefined ? combineRuns(input, openStore) : summarize(input);
}
