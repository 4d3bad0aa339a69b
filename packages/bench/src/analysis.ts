import { bootstrapInterval, mean, median, seededRandom, type Random } from '@cosmicai/metrics';
import { groupBy, itemAt } from '@cosmicai/payload';
import type { BenchRun } from './bench-run.ts';

export type Measure = 'duration_seconds' | 'memory_mb' | 'cost_usd' | 'throughput_rps' | 'throughput_bps';

export interface Spread {
  readonly median: number;
  /** 95 % bootstrap interval of the median; null with fewer than two runs. */
  readonly low: number | null;
  readonly high: number | null;
  readonly runs: number;
}

/** All runs of one configuration. */
export interface BenchCell {
  readonly world_size: number;
  readonly batch_size: number;
  readonly data_size: string | null;
  readonly partition_size: string | null;
  readonly runs: number;
  readonly succeeded: number;
  /** SUCCEEDED when every run did; else the first other outcome. */
  readonly status: BenchRun['status'];
  /** Over warm runs where there are any, else over cold ones: a start-up is not part of what is compared. */
  readonly based_on: 'warm' | 'cold' | null;
  readonly duration_seconds: Spread | null;
  readonly memory_mb: Spread | null;
  readonly cost_usd: Spread | null;
  readonly throughput_rps: Spread | null;
  readonly throughput_bps: Spread | null;
  /** Median of the cold runs. */
  readonly cold_duration_seconds: number | null;
}

export interface WorldAverage {
  readonly world_size: number;
  readonly runs: number;
  readonly duration_seconds: number | null;
  readonly throughput_rps: number | null;
  readonly memory_mb: number | null;
  readonly cost_usd: number | null;
}

/** Content of performance_analysis.json. */
export interface BenchAnalysis {
  readonly runs: number;
  readonly succeeded: number;
  /** Every run that did not succeed, by name: nothing is dropped silently. */
  readonly not_succeeded: readonly Pick<
    BenchRun,
    'world_size' | 'batch_size' | 'data_size' | 'partition_size' | 'repeat' | 'status' | 'error'
  >[];
  readonly averages_by_world_size: readonly WorldAverage[];
  /** The cell with the highest median throughput among those that always succeeded. */
  readonly best_configuration: BenchCell | null;
  /** The cell with the lowest median cost for each sample, likewise. */
  readonly cheapest_configuration: BenchCell | null;
  readonly cells: readonly BenchCell[];
  /** Where it was read from a file that tells its format. */
  readonly format?: number;
}

/** Medians, intervals, averages and the best cell of a sweep. @param seed of the bootstrap: the same gives the same figures */
export function analyseBench(runs: readonly BenchRun[], seed: number): BenchAnalysis {
  const random = seededRandom(seed);
  const cells = [...groupBy(runs, cellKey).values()].map((inCell) => cellOf(inCell, random)).sort(byConfiguration);
  const sound = cells.filter((cell) => cell.status === 'SUCCEEDED');
  const costOfSample = ({ cost_usd, throughput_rps, duration_seconds }: BenchCell) =>
    cost_usd === null || throughput_rps === null || duration_seconds === null
      ? Infinity
      : cost_usd.median / (throughput_rps.median * duration_seconds.median);
  return {
    runs: runs.length,
    succeeded: runs.filter(({ status }) => status === 'SUCCEEDED').length,
    not_succeeded: runs
      .filter(({ status }) => status !== 'SUCCEEDED')
      .map(({ world_size, batch_size, data_size, partition_size, repeat, status, error }) => ({
        world_size,
        batch_size,
        data_size,
        partition_size,
        repeat,
        status,
        error,
      })),
    averages_by_world_size: [...groupBy(runs, ({ world_size }) => String(world_size)).values()]
      .map(averageOf)
      .sort((a, b) => a.world_size - b.world_size),
    best_configuration: least(sound, (cell) => -(cell.throughput_rps?.median ?? -Infinity)),
    cheapest_configuration: least(sound, costOfSample),
    cells,
  };
}

function cellOf(runs: readonly BenchRun[], random: Random): BenchCell {
  const { world_size, batch_size, data_size, partition_size } = itemAt(runs, 0);
  const sound = runs.filter(({ status }) => status === 'SUCCEEDED');
  const warm = sound.filter(({ start }) => start === 'warm');
  const cold = sound.filter(({ start }) => start === 'cold');
  const basis = warm.length > 0 ? warm : cold;
  const spread = (measure: Measure) => spreadOf(valuesOf(basis, measure), random);
  const coldDurations = valuesOf(cold, 'duration_seconds');
  return {
    world_size,
    batch_size,
    data_size,
    partition_size,
    runs: runs.length,
    succeeded: sound.length,
    status: runs.find(({ status }) => status !== 'SUCCEEDED')?.status ?? 'SUCCEEDED',
    based_on: basis.length === 0 ? null : warm.length > 0 ? 'warm' : 'cold',
    duration_seconds: spread('duration_seconds'),
    memory_mb: spread('memory_mb'),
    cost_usd: spread('cost_usd'),
    throughput_rps: spread('throughput_rps'),
    throughput_bps: spread('throughput_bps'),
    cold_duration_seconds: coldDurations.length === 0 ? null : median(coldDurations),
  };
}

function averageOf(runs: readonly BenchRun[]): WorldAverage {
  const sound = runs.filter(({ status }) => status === 'SUCCEEDED');
  const average = (measure: Measure) => {
    const values = valuesOf(sound, measure);
    return values.length === 0 ? null : mean(values);
  };
  return {
    world_size: itemAt(runs, 0).world_size,
    runs: sound.length,
    duration_seconds: average('duration_seconds'),
    throughput_rps: average('throughput_rps'),
    memory_mb: average('memory_mb'),
    cost_usd: average('cost_usd'),
  };
}

function spreadOf(values: readonly number[], random: Random): Spread | null {
  if (values.length === 0) return null;
  const interval = bootstrapInterval(values, { random });
  return { median: median(values), low: interval?.low ?? null, high: interval?.high ?? null, runs: values.length };
}

function valuesOf(runs: readonly BenchRun[], measure: Measure): number[] {
  return runs.map((run) => run[measure]).filter((value) => value !== null);
}

function least(cells: readonly BenchCell[], by: (cell: BenchCell) => number): BenchCell | null {
  return cells.reduce<BenchCell | null>(
    (best, cell) => (Number.isFinite(by(cell)) && (best === null || by(cell) < by(best)) ? cell : best),
    null,
  );
}

function cellKey({ world_size, batch_size, data_size, partition_size }: BenchRun): string {
  return JSON.stringify([world_size, batch_size, data_size, partition_size]);
}

function byConfiguration(a: BenchCell, b: BenchCell): number {
  return (
    compareSizes(a.data_size, b.data_size) ||
    compareSizes(a.partition_size, b.partition_size) ||
    a.world_size - b.world_size ||
    a.batch_size - b.batch_size
  );
}

/** `small`, `medium`, `large` in that order; sizes such as 25MB by number. */
export function compareSizes(a: string | null, b: string | null): number {
  const order = ['small', 'medium', 'large'];
  const [x, y] = [order.indexOf(a ?? ''), order.indexOf(b ?? '')];
  if (x >= 0 && y >= 0) return x - y;
  return (a ?? '').localeCompare(b ?? '', 'en', { numeric: true });
}
