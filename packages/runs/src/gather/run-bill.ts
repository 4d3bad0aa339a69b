import { pricesFor, type Prices } from '@cosmicai/metrics';
import type { ExecutionRecord, RankResult, ReportLine, RunEvent } from '@cosmicai/payload';
import { billOf } from './bill.ts';
import { ranksByChild, reportsByRank } from './rank-reports.ts';
import type { RunFiles } from './run-files.ts';
import type { RunMaterial } from './run-material.ts';
import { s3UsageOf } from './s3-usage.ts';

/** What a run is paid for, as far as its execution is known, and what is to be said of it. */
export type RunBill = Pick<
  RunMaterial,
  'prices' | 'usage' | 'costNote' | 'events' | 'definition' | 'reports' | 'warnings'
>;

/** @param named prices; default: those of the region it ran in */
export function runBill(
  { summary, record, results }: RunFiles,
  dataBucket: string,
  execution: ExecutionRecord | undefined,
  named: Prices | undefined,
): RunBill {
  const { prices, warning } = named === undefined ? pricesFor(execution?.region) : { prices: named };
  const unpriced = warning === undefined ? [] : [warning];
  if (execution === undefined) return { prices, ...(unpriced.length > 0 && { warnings: unpriced }) };
  const { events, definition } = execution;
  const reports = reportsByRank(events);
  const unreported = unreportedOf(results, events, reports);
  const { s3, estimatedRanks } = s3UsageOf({ record, summary, results });
  const warnings = [
    ...(execution.warnings ?? []),
    ...(unreported.length === 0 ? [] : [billedByThemselves(unreported.length)]),
    ...(estimatedRanks === 0 ? [] : [requestsEstimated(estimatedRanks)]),
    ...unpriced,
  ];
  return {
    ...{ prices, events, definition, reports },
    ...billOf({ execution, run: record.run, dataBucket, results, s3, unreported, prices }),
    ...(warnings.length > 0 && { warnings }),
  };
}

function billedByThemselves(ranks: number): string {
  return `${ranks} ${ranks === 1 ? 'rank has' : 'ranks have'} no REPORT line: the cost has them by the times that they took themselves, without cold starts and failed attempts.`;
}

function requestsEstimated(ranks: number): string {
  return `${ranks} ${ranks === 1 ? 'rank did' : 'ranks did'} not count requests to S3, being of an earlier version: the cost has them by the reads that were timed.`;
}

/** The ranks that this execution ran, as far as it knows, and of whose invocations it has no REPORT line. */
function unreportedOf(
  results: readonly RankResult[],
  events: readonly RunEvent[],
  reports: ReadonlyMap<number, ReportLine>,
): RankResult[] {
  const started = new Set(ranksByChild(events).values());
  return results.filter(({ rank }) => !reports.has(rank) && (started.size === 0 || started.has(rank)));
}
