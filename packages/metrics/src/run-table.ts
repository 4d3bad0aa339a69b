import { costOfRun, type Architecture } from './cost.ts';
import type { Prices } from './price-book.ts';
import type { RankMeasurement } from './rank-measurement.ts';
import { ratesOf, type Rates } from './rates.ts';
import type { ReportLine } from './report-line.ts';

/** A rank's line in the table of a run; what is not known is null. */
export interface RankRow {
  readonly rank: number;
  readonly samples: number | null;
  /** Seconds of the invocation as Lambda reports it, else as the rank measured it. */
  readonly seconds: number | null;
  /** Cold start, from the REPORT line; 0 of a warm one, null where it is not known. */
  readonly initSeconds: number | null;
  readonly memoryMb: number | null;
  readonly memoryLimitMb: number | null;
  readonly samplesPerSecond: number | null;
  readonly bitsPerSecond: number | null;
  /** Lambda's price of this rank alone. */
  readonly usd: number | null;
}

export interface RunTable {
  readonly rows: readonly RankRow[];
  readonly rates: Rates;
  readonly samples: number;
  readonly bits: number;
  /** Sum of the ranks' Lambda prices; null when any rank's is not known. */
  readonly usd: number | null;
}

export interface RunTableOptions {
  readonly prices: Prices;
  /** REPORT line of each rank's invocation, by rank. */
  readonly reports?: ReadonlyMap<number, ReportLine>;
  readonly wallClockSeconds?: number;
  /** For results that don't tell it. */
  readonly architecture?: Architecture;
}

/** The per-rank table of a run. Ranks whose file tells no rank are numbered by their place. */
export function runTable(
  ranks: readonly RankMeasurement[],
  { prices, reports = new Map(), wallClockSeconds, architecture }: RunTableOptions,
): RunTable {
  const rows = ranks.map((measured, place) => {
    const rank = measured.rank ?? place;
    return rowOf(rank, measured, { prices, report: reports.get(rank), architecture });
  });
  const work = ranks.map(({ samples, bits, seconds }) => ({
    samples: samples ?? 0,
    bits: bits ?? 0,
    seconds: seconds ?? 0,
  }));
  return {
    rows: rows.sort((a, b) => a.rank - b.rank),
    rates: ratesOf(work, wallClockSeconds),
    samples: work.reduce((sum, { samples }) => sum + samples, 0),
    bits: work.reduce((sum, { bits }) => sum + bits, 0),
    usd: rows.reduce<number | null>((sum, { usd }) => (sum === null || usd === null ? null : sum + usd), 0),
  };
}

function rowOf(
  rank: number,
  measured: RankMeasurement,
  {
    prices,
    report,
    architecture,
  }: { prices: Prices; report: ReportLine | undefined; architecture: Architecture | undefined },
): RankRow {
  const memoryLimitMb = report?.memorySizeMb ?? measured.memoryLimitMb;
  const billedSeconds = report === undefined ? measured.seconds : report.billedDurationMs / 1000;
  const chip = architectureOf(measured.architecture) ?? architecture;
  return {
    rank,
    samples: measured.samples,
    seconds: report === undefined ? measured.seconds : report.durationMs / 1000,
    initSeconds: initOf(measured, report),
    memoryMb: report?.maxMemoryUsedMb ?? measured.memoryMb,
    memoryLimitMb,
    samplesPerSecond: measured.samplesPerSecond,
    bitsPerSecond: measured.bitsPerSecond,
    usd:
      memoryLimitMb === null || billedSeconds === null || chip === undefined
        ? null
        : costOfRun(
            {
              lambda: [
                {
                  name: 'inference',
                  architecture: chip,
                  memoryMb: memoryLimitMb,
                  ephemeralStorageMb: 0,
                  requests: 1,
                  billedSeconds,
                },
              ],
            },
            prices,
          ).usd,
  };
}

function initOf({ coldStart }: RankMeasurement, report: ReportLine | undefined): number | null {
  if (report !== undefined) return (report.initDurationMs ?? 0) / 1000;
  return coldStart === false ? 0 : null;
}

/** Lambda's name of an architecture, from its own or Node's (`process.arch`). */
export function architectureOf(name: string | null): Architecture | undefined {
  if (name === 'arm64' || name === 'aarch64') return 'arm64';
  return name === 'x64' || name === 'x86_64' ? 'x86_64' : undefined;
}
