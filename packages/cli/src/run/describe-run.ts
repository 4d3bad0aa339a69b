import type { RankRow } from '@cosmicai/metrics';
import { formatPairs, formatTable, type Column } from '../output/table.ts';
import { bitsPerSecond, dollars, megabytes, score, seconds } from '../output/units.ts';
import type { RunOutcome } from './outcome.ts';

const known = (value: number | null, format: (value: number) => string) => (value === null ? '–' : format(value));

const COLUMNS: readonly Column<RankRow>[] = [
  { title: 'rank', cell: (row) => String(row.rank) },
  { title: 'samples', cell: (row) => known(row.samples, String) },
  { title: 'duration', cell: (row) => known(row.seconds, seconds) },
  { title: 'init', cell: (row) => known(row.initSeconds, (value) => (value === 0 ? 'warm' : seconds(value))) },
  { title: 'memory', cell: (row) => known(row.memoryMb, megabytes) },
  { title: 'samples/s', cell: (row) => known(row.samplesPerSecond, (value) => value.toFixed(0)) },
  { title: 'bits/s', cell: (row) => bitsPerSecond(row.bitsPerSecond) },
  { title: 'cost', cell: (row) => known(row.usd, dollars) },
];

/** The tables that `run` and `status` print. */
export function describeRun({ summary, table }: RunOutcome): string {
  const { prediction_scores: scores, ranks } = summary;
  const rate = summary.samples_per_second;
  const bits = summary.bits_per_second;
  const parts = [
    formatTable(COLUMNS, table.rows),
    formatPairs([
      ['Run', `${summary.run_id}: ${summary.status}`],
      [
        'Ranks',
        `${ranks.planned} planned, ${ranks.succeeded} succeeded, ${ranks.without_data} without data, ${ranks.failed} failed`,
      ],
      ['Samples', `${summary.samples} at batch size ${summary.batch_size}`],
      ['Wall clock', `${seconds(summary.wall_clock_seconds)}; slowest rank ${seconds(summary.slowest_rank_seconds)}`],
      [
        'Samples/s',
        `${known(rate.by_wall_clock, (value) => value.toFixed(0))} by wall clock, ${known(rate.by_slowest_rank, (value) => value.toFixed(0))} by slowest rank, ${known(rate.summed_over_ranks, (value) => value.toFixed(0))} summed over ranks`,
      ],
      [
        'Bits/s',
        `${bitsPerSecond(bits.by_wall_clock)} by wall clock, ${bitsPerSecond(bits.by_slowest_rank)} by slowest rank, ${bitsPerSecond(bits.summed_over_ranks)} summed over ranks`,
      ],
      [
        'Cost on Lambda',
        table.usd === null
          ? '– (memory of the functions is not known)'
          : `${dollars(table.usd)} for the ranks at list prices`,
      ],
    ]),
    formatPairs([
      ['MAE', score(scores.mae)],
      ['MSE', score(scores.mse, 6)],
      ['Bias', score(scores.bias)],
      ['Precision (NMAD)', score(scores.precision)],
      ['R2', score(scores.r2)],
      [
        'Outliers',
        `${known(scores.outlier_fraction_005, percent)} beyond 0.05, ${known(scores.outlier_fraction_015, percent)} beyond 0.15`,
      ],
    ]),
  ];
  if (summary.failed_ranks.length > 0) {
    const lines = summary.failed_ranks.map(
      (failure) => `rank ${failure.rank} (${failure.data_path.join(', ')}): ${failure.error}: ${failure.cause}`,
    );
    parts.push(`Failed ranks:\n${lines.join('\n')}`);
  }
  if (summary.warnings.length > 0) parts.push(`Warnings:\n${summary.warnings.join('\n')}`);
  return parts.join('\n\n');
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)} %`;
}
