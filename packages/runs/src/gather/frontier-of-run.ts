import { fromRankResult, type Architecture, type Prices } from '@cosmicai/metrics';
import { parseRunPayload, UserInputError, type ExecutionRecord, type RankResult } from '@cosmicai/payload';
import { calibratedBy, DEFAULT_CALIBRATION, frontierOf, type Calibration, type TunePoint } from '@cosmicai/quote';
import { reportsByRank } from './rank-reports.ts';

/** What else could be chosen for a run, and by which figures. */
export interface RunFrontier {
  /** The fastest first. */
  readonly points: readonly TunePoint[];
  readonly basis: string;
}

/** How ranks behaved: rates, spread, stragglers and memory by their results, cold starts by the REPORT lines of their execution. */
export function calibrationOfRanks(
  results: readonly RankResult[],
  execution: Pick<ExecutionRecord, 'events' | 'region'> | undefined,
  named: string,
): Calibration {
  const reports = [...reportsByRank(execution?.events ?? []).values()];
  const onLambda = execution?.region !== undefined;
  return calibratedBy(results.map(fromRankResult), {
    base: DEFAULT_CALIBRATION,
    onLambda,
    starts: reports.flatMap(({ initDurationMs }) => (initDurationMs === undefined ? [] : [initDurationMs / 1000])),
    source: `${named}, ${onLambda ? 'on Lambda' : 'not on Lambda'}`,
  });
}

/**
 * Time against cost of a run over the same partitions on AWS, at the rate that its ranks had; undefined where they or the payload
 * don't tell enough.
 */
export function frontierOfRun(
  payload: unknown,
  results: readonly RankResult[],
  execution: Pick<ExecutionRecord, 'events' | 'region'> | undefined,
  prices: Prices,
): RunFrontier | undefined {
  const sizes = new Map(results.flatMap(({ partitions }) => partitions.map(({ key, size }) => [key, size] as const)));
  if (sizes.size === 0) return undefined;
  try {
    const calibration = calibrationOfRanks(results, execution, 'the ranks of this run');
    const architectures: readonly Architecture[] = [calibration.architecture];
    const asked = { payload: parseRunPayload(payload).payload, sizes, prices, architectures, quick: true };
    return { points: frontierOf({ ...asked, calibrations: { measured: calibration } }), basis: calibration.source };
  } catch (error) {
    // No rank with galaxies and a time, no choice that could do it: a report without this picture.
    if (error instanceof UserInputError) return undefined;
    throw error;
  }
}
