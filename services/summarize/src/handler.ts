import { openStore } from '@cosmicai/store';
import { summarize as summarizeRun, type SummarizeAnswer } from './summarize.ts';

/** Combines the ranks of a run. Input: whatever the state machine has left, as long as it names the run. */
export function summarize(input: unknown): Promise<SummarizeAnswer> {
  return summarizeRun(input, { openStore, now: () => new Date(), region: undefined });
}
