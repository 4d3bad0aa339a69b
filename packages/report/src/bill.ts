import { withFormat } from '@cosmicai/payload';
import type { RunReport } from './run-report.ts';

/** Where nothing is known of a run but its ranks. */
export const RANKS_ALONE =
  'The ranks alone, at their list price on Lambda; orchestration, storage requests and the other functions are not in it.';

/**
 * What a report's figures in USD are called, wherever they are shown. The cost is that of the ranks' functions, as in summary.json;
 * the bill is all that AWS charges for a run.
 */
export function nameOfCost({ costNote }: Pick<RunReport, 'costNote'>): 'bill' | 'cost of the ranks' {
  return costNote === RANKS_ALONE ? 'cost of the ranks' : 'bill';
}

/** The text of bill.json, in the folder of a run; undefined where the whole bill is not known. */
export function billJson(report: RunReport): string | undefined {
  const { runId, cost, costNote, prices } = report;
  if (cost === null || nameOfCost(report) !== 'bill') return undefined;
  const { region, date } = prices ?? { region: null, date: null };
  const bill = { run_id: runId, ...cost, note: costNote, prices: { region, date } };
  return `${JSON.stringify(withFormat(bill), null, 2)}\n`;
}
