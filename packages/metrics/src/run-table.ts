import { compareNaturally } from '@cosmicai/payload';
import { costOfRun, type Architecture } from './cost.ts';
import type { Prices } from './price-book.ts';
import type { RankMeasurement } from './rank-measurement.ts';
import { ratesOf, type Rates } from './rates.ts';
import type { ReportLine } from '@cosmicai/payload';

/** A rank's line in the table of a run; what is not known is null. */
export interface RankRow {
  /** Null where the files don't tell. */
  readonly rank: number | null;
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
  /** What people know the row by: the rank, else the partitions that it read, else the place of its record. */
  readonly label: string;
  /** Everything that a profiler saw allocated, summed: not memory in use. */
  readonly allocatedMb: number | null;
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

/**
 * The per-rank table of a run, in the order of the ranks. Results that tell no rank follow, known by their partitions and in the
 * natural order of those: published files hold them in the order of their names' text (1, 10, 100), so their place says nothing.
 */
export function runTable(
  ranks: readonly RankMeasurement[],
  { prices, reports = new Map(), wallClockSeconds, architecture }: RunTableOptions,
): RunTable {
  const rows = ranks.map((measured, place) => {
    const report = measured.rank === null ? undefined : reports.get(measured.rank);
    return rowOf(labelOf(measured, place), measured, { prices, report, architecture });
  });
  const work = ranks.map(({ samples, bits, seconds }) => ({
    samples: samples ?? 0,
    bits: bits ?? 0,
    seconds: seconds ?? 0,
  }));
  return {
    rows: rows.sort(byRank),
    rates: ratesOf(work, wallClockSeconds),
    samples: work.reduce((sum, { samples }) => sum + samples, 0),
    bits: work.reduce((sum, { bits }) => sum + bits, 0),
    usd: rows.reduce<number | null>((sum, { usd }) => (sum === null || usd === null ? null : sum + usd), 0),
  };
}

/** Names of partitions shown in a label at most. */
const PARTITIONS_NAMED = 2;

function labelOf({ rank, dataPaths }: RankMeasurement, place: number): string {
  if (rank !== null) return String(rank);
  if (dataPaths.length === 0) return `record ${place + 1}`;
  const more = dataPaths.length - PARTITIONS_NAMED;
  return `${dataPaths.slice(0, PARTITIONS_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function byRank(a: RankRow, b: RankRow): number {
  if (a.rank !== null && b.rank !== null) return a.rank - b.rank;
  if (a.rank !== null || b.rank !== null) return a.rank === null ? 1 : -1;
  return compareNaturally(a.label, b.label);
}

function rowOf(
  label: string,
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
    rank: measured.rank,
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
    label,
    allocatedMb: measured.allocatedMb,
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
