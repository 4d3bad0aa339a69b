import type { LinkReport } from '@cosmicai/fmi';
import { type FmiReport, itemAt, type LinkCounts, type PredictionScores } from '@cosmicai/payload';

/** What a rank tells of its coming. */
export interface Arrival {
  readonly rank: number;
  readonly arrived_at: string;
  readonly setup_ms: number;
  readonly wait_ms: number;
  /** Peers are places among the ranks that meet. */
  readonly links: readonly LinkReport[];
}

/** @param arrivals in the order of the places of ranks */
export function meetingReport(runId: string, arrivals: readonly Arrival[], scores: PredictionScores): FmiReport {
  return {
    run_id: runId,
    world_size: arrivals.length,
    links: countLinks(eachOnce(arrivals)),
    ranks: arrivals.map(({ links, ...arrival }) => ({
      ...arrival,
      links: links.map(({ peer, kind, encrypted, setupMs }) => ({
        to: itemAt(arrivals, peer).rank,
        channel: kind,
        encrypted,
        setup_ms: setupMs,
      })),
    })),
    prediction_scores: scores,
  };
}

export function countLinks(links: readonly LinkReport[]): LinkCounts {
  return {
    direct: links.filter(({ kind }) => kind === 'direct').length,
    relay: links.filter(({ kind }) => kind === 'relay').length,
    encrypted: links.filter(({ encrypted }) => encrypted).length,
  };
}

/** Usually both ends tell of a link; one that has just been made may be known to one of them only. */
function eachOnce(arrivals: readonly Arrival[]): LinkReport[] {
  const links = new Map<string, LinkReport>();
  for (const [place, arrival] of arrivals.entries()) {
    for (const link of arrival.links) links.set(`${Math.min(place, link.peer)} ${Math.max(place, link.peer)}`, link);
  }
  return [...links.values()];
}
