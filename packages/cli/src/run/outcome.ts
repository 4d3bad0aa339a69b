import type { RunEvent } from '@cosmicai/local';
import { fromRankResult, pricesOf, runTable, type ReportLine, type RunTable } from '@cosmicai/metrics';
import {
  parseJsonAs,
  rankResultSchema,
  runLayout,
  runSummarySchema,
  type RankResult,
  type RunSummary,
} from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { z } from 'zod';

/** What is known of a finished run: its summary, the ranks' results, and the table over them. */
export interface RunOutcome {
  readonly summary: RunSummary;
  readonly results: readonly RankResult[];
  readonly table: RunTable;
}

/** Reads a run from the bucket it wrote to. */
export async function readOutcome(
  run: { readonly bucket: string; readonly resultPath: string; readonly runId: string },
  reports: ReadonlyMap<number, ReportLine>,
  base?: string,
): Promise<RunOutcome> {
  const store = openStore(run.bucket, base === undefined ? {} : { base });
  const layout = runLayout(run.resultPath, run.runId);
  const summary = parseJsonAs(runSummarySchema, (await store.get(layout.summary)).toString(), layout.summary);
  const results = parseJsonAs(
    z.array(rankResultSchema),
    (await store.get(layout.combined)).toString(),
    layout.combined,
  );
  const table = runTable(results.map(fromRankResult), {
    prices: pricesOf(),
    reports,
    wallClockSeconds: summary.wall_clock_seconds,
  });
  return { summary, results, table };
}

const rankOf = z.object({ RANK: z.coerce.number().int() });

/** The REPORT line of each rank's last invocation. */
export function reportsByRank(events: readonly RunEvent[]): Map<number, ReportLine> {
  const ranks = new Map<string, number>();
  const reports = new Map<number, ReportLine>();
  for (const event of events) {
    if (event.type === 'ChildStarted') {
      const parsed = rankOf.safeParse(event.input);
      if (parsed.success) ranks.set(`${event.state}[${event.index}]`, parsed.data.RANK);
    }
    if (event.type === 'FunctionEnded' && event.in !== undefined) {
      const rank = ranks.get(event.in);
      if (rank !== undefined) reports.set(rank, event.report);
    }
  }
  return reports;
}
