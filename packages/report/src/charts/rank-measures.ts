import { median } from '@cosmicai/metrics';
import { formatNumber } from '../format.ts';
import { MOST_RANKS_SHOWN, quantilesOf } from '../rank-quantiles.ts';
import type { RunReport } from '../run-report.ts';
import type { Theme } from '../theme.ts';
import type { Chart } from './chart.ts';

type Row = RunReport['ranks'][number];

const MEASURES: readonly { of: (row: Row) => number | null; title: string }[] = [
  { of: (row) => row.seconds, title: 'duration (s)' },
  { of: (row) => row.samplesPerSecond, title: 'throughput (samples/s)' },
  { of: (row) => row.memoryMb, title: 'memory (MB)' },
  { of: (row) => (row.usd === null ? null : row.usd * 1e6), title: 'cost (millionths of a USD)' },
];
const WIDTH = 385;
const HEIGHT = 130;
/** More ranks than this are points instead of bars. */
const MOST_BARS = 40;
/** Of more ranks than are shown: so many groups of neighbours, each with its quantiles. */
const GROUPS = 100;
/** Points grow smaller where many lie close together. */
const dotOf = (points: number) => (points > 300 ? { size: 3, thickness: 3 } : { size: 5, thickness: 5 });

/** Duration, throughput, memory and cost of every rank; undefined when the results tell none of them. */
export function rankMeasures(rows: readonly Row[]): Chart | undefined {
  const { title: axis, of: placeOf } = axisOf(rows);
  const panels = MEASURES.map(({ of, title }) => ({
    title,
    points: rows.flatMap((row, place) => {
      const value = of(row);
      return value === null ? [] : [{ rank: placeOf(row, place), value }];
    }),
  })).filter(({ points }) => points.length > 0);
  if (panels.length === 0) return undefined;
  const words = panels.map(({ title, points }) => {
    const values = points.map(({ value }) => value);
    const [low, high] = values.reduce(
      ([min, max], value) => [Math.min(min, value), Math.max(max, value)],
      [Infinity, -Infinity],
    );
    return `${title}: median ${formatNumber(median(values), 3)}, from ${formatNumber(low, 3)} to ${formatNumber(high, 3)}`;
  });
  return {
    name: 'rank-measures',
    title: 'Duration, throughput, memory and cost of the ranks',
    description: `${rows.length > MOST_RANKS_SHOWN ? BANDS_EXPLAINED : ''}The dashed line is the median of the ranks. ${words.join('; ')}.`,
    spec: (theme) => ({
      columns: 2,
      spacing: 28,
      concat: panels.map(({ title, points }) => ({
        title,
        width: WIDTH,
        height: HEIGHT,
        layer: [
          ...layersOf(points, axis, theme),
          {
            data: { values: [{ middle: median(points.map(({ value }) => value)) }] },
            mark: { type: 'rule' as const, color: theme.muted, strokeDash: [4, 4] },
            encoding: { y: { field: 'middle', type: 'quantitative' as const } },
          },
        ],
      })),
    }),
  };
}

interface Point {
  readonly rank: number | string;
  readonly value: number;
}

function layersOf(points: readonly Point[], axis: string, theme: Theme) {
  return points.length > MOST_RANKS_SHOWN ? bandsOf(points, axis, theme) : [eachOf(points, axis, theme)];
}

const BANDS_EXPLAINED =
  'Each place stands for neighbouring ranks: half of them lie in the darker band, 90 % in the lighter one. ';

/** Quantiles of neighbouring ranks along their places. */
function bandsOf(points: readonly Point[], axis: string, theme: Theme) {
  const size = Math.ceil(points.length / GROUPS);
  const values = Array.from({ length: Math.ceil(points.length / size) }, (_, group) => {
    const inside = points.slice(group * size, (group + 1) * size);
    const [, low, below, middle, above, high] = quantilesOf(inside.map(({ value }) => value));
    return { rank: inside[Math.floor(inside.length / 2)]?.rank, low, below, middle, above, high };
  });
  const x = {
    field: 'rank',
    type: 'quantitative' as const,
    title: axis,
    axis: { grid: false, format: 'd' },
  };
  const y = { type: 'quantitative' as const, title: null, scale: { zero: true }, axis: { tickCount: 4 } };
  const band = (from: string, to: string, opacity: number) => ({
    data: { values },
    mark: { type: 'area' as const, color: theme.accent, opacity },
    encoding: { x, y: { ...y, field: from }, y2: { field: to } },
  });
  return [
    band('low', 'high', 0.25),
    band('below', 'above', 0.45),
    {
      data: { values },
      mark: { type: 'line' as const, color: theme.accent, strokeWidth: 1.5 },
      encoding: { x, y: { ...y, field: 'middle' } },
    },
  ];
}

function eachOf(points: readonly Point[], axis: string, theme: Theme) {
  return {
    data: { values: points },
    mark:
      points.length <= MOST_BARS
        ? { type: 'bar' as const, color: theme.accent, width: { band: 0.6 } }
        : {
            type: 'tick' as const,
            color: theme.accent,
            orient: 'horizontal' as const,
            opacity: 1,
            ...dotOf(points.length),
          },
    encoding: {
      x:
        points.length <= MOST_BARS
          ? {
              field: 'rank',
              type: 'ordinal' as const,
              title: axis,
              sort: null,
              axis: { grid: false, labelAngle: 0 },
            }
          : { field: 'rank', type: 'quantitative' as const, title: axis, axis: { grid: false, format: 'd' } },
      y: {
        field: 'value',
        type: 'quantitative' as const,
        title: null,
        scale: { zero: true },
        axis: { tickCount: 4 },
      },
    },
  };
}

/** Along which rows are drawn: their ranks, else the names of their partitions, else, of many or of the same, their place in the table. */
function axisOf(rows: readonly Row[]): { title: string; of: (row: Row, place: number) => number | string } {
  if (rows.every(({ rank }) => rank !== null)) return { title: 'rank', of: ({ rank }, place) => rank ?? place };
  const names = rows.map(({ label }) => nameOf(label));
  const areTold = rows.length <= MOST_BARS && new Set(names).size === names.length;
  return areTold
    ? { title: 'partition', of: ({ label }) => nameOf(label) }
    : { title: 'place in the table', of: (_, place) => place + 1 };
}

function nameOf(label: string): string {
  return label.split('/').at(-1) ?? label;
}
