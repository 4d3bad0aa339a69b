import { ranksOf, type ReportLine, type RunEvent } from '@cosmicai/payload';

/** The rank of each child execution, by the child's name: `Infer[3]`. */
export function ranksByChild(events: readonly RunEvent[]): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  for (const event of events) {
    if (event.type !== 'ChildStarted') continue;
    const [rank] = ranksOf(event.input);
    if (rank !== undefined) ranks.set(`${event.state}[${event.index}]`, rank);
  }
  return ranks;
}

/** The REPORT line of each rank's last invocation. */
export function reportsByRank(events: readonly RunEvent[]): Map<number, ReportLine> {
  const ranks = ranksByChild(events);
  const reports = new Map<number, ReportLine>();
  for (const event of events) {
    const rank = event.type === 'FunctionEnded' ? ranks.get(event.in ?? '') : undefined;
    if (event.type === 'FunctionEnded' && rank !== undefined) reports.set(rank, event.report);
  }
  return reports;
}
