import { formatNumber } from '../format.ts';
import type { Chart } from '../charts/chart.ts';
import { type BenchCell, compareSizes, type Measure, type ParsedBenchReport, type Spread } from '@cosmicai/bench';
import { itemAt } from '@cosmicai/payload';

type Dimension = 'world_size' | 'batch_size' | 'data_size' | 'partition_size';

const NAMES: Readonly<Record<Dimension, string>> = {
  world_size: 'world size',
  batch_size: 'batch size',
  data_size: 'data size',
  partition_size: 'partition size',
};
/** What tells the lines apart, the first that varies beside the axis. */
const BESIDE: Readonly<Record<Dimension, readonly Dimension[]>> = {
  world_size: ['batch_size', 'data_size', 'partition_size'],
  batch_size: ['world_size', 'data_size', 'partition_size'],
  data_size: ['world_size', 'batch_size', 'partition_size'],
  partition_size: ['world_size', 'batch_size', 'data_size'],
};
type Basis = ParsedBenchReport['basis'];

const panelsBy = (basis: Basis): readonly { measure: Measure; title: string }[] => [
  { measure: 'throughput_rps', title: `throughput (samples/s by ${basis})` },
  { measure: 'duration_seconds', title: basis === 'wall clock' ? 'duration (s)' : 'duration of the slowest rank (s)' },
  { measure: 'cost_usd', title: 'cost (USD)' },
  { measure: 'memory_mb', title: 'memory of the largest rank (MB)' },
];
const WIDTH = 370;
const HEIGHT = 180;

interface Point {
  readonly x: string;
  readonly line: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Throughput, duration, cost and memory against each dimension that the sweep varies. */
export function benchCharts(cells: readonly BenchCell[], basis: Basis): Chart[] {
  return (Object.keys(NAMES) as Dimension[])
    .filter((dimension) => distinct(cells, dimension).length > 1)
    .map((dimension) => chartOf(cells, dimension, panelsBy(basis)));
}

function chartOf(cells: readonly BenchCell[], dimension: Dimension, measures: ReturnType<typeof panelsBy>): Chart {
  const lines = BESIDE[dimension].filter((other) => distinct(cells, other).length > 1);
  const lineOf = (cell: BenchCell) =>
    lines.map((other) => `${NAMES[other]} ${cell[other] ?? '–'}`).join(', ') || 'median';
  const xs = distinct(cells, dimension);
  const names = [...new Set(cells.map(lineOf))];
  const panels = measures
    .map((panel) => ({
      ...panel,
      points: cells.flatMap((cell): Point[] => {
        const spread: Spread | null = cell[panel.measure as keyof BenchCell] as Spread | null;
        if (spread === null) return [];
        const { median, low, high } = spread;
        return [
          { x: String(cell[dimension] ?? '–'), line: lineOf(cell), median, low: low ?? median, high: high ?? median },
        ];
      }),
    }))
    .filter(({ points }) => points.length > 0);
  const missing = cells.filter((cell) => cell.succeeded === 0).length;
  return {
    name: `bench-by-${dimension.replace('_', '-')}`,
    title: `Throughput, duration, cost and memory against ${NAMES[dimension]}`,
    description: `Medians of the repeats with their 95 % bootstrap intervals${lines.length > 0 ? `, one line for each ${lines.map((line) => NAMES[line]).join(' and ')}` : ''}. ${panels.map(({ title, points }) => rangeWords(title, points)).join('; ')}.${missing > 0 ? ` ${missing} configurations never succeeded and have no point.` : ''}`,
    data: {
      columns: [NAMES[dimension], 'line', ...measures.map(({ title }) => title)],
      rows: cells.map((cell) => [
        String(cell[dimension] ?? '–'),
        lineOf(cell),
        ...measures.map(({ measure }) => (cell[measure as keyof BenchCell] as Spread | null)?.median ?? null),
      ]),
    },
    spec: (theme) => ({
      columns: 2,
      spacing: 30,
      concat: panels.map(({ title, points }) => {
        const x = {
          field: 'x',
          type: 'ordinal' as const,
          title: NAMES[dimension],
          sort: xs,
          axis: { grid: false, labelAngle: 0 },
        };
        const legend = names.length > 1 ? { columns: 5 } : null;
        const color = {
          field: 'line',
          type: 'nominal' as const,
          title: null,
          sort: names,
          scale: {
            domain: names,
            range: names.map((_, at) => itemAt(theme.series, itemAt(LINE_COLOURS, at % LINE_COLOURS.length))),
          },
          legend,
        };
        const middle = { field: 'median', type: 'quantitative' as const, title: null, scale: { zero: true } };
        return {
          title,
          width: WIDTH,
          height: HEIGHT,
          data: { values: points },
          encoding: { x, color },
          layer: [
            {
              mark: { type: 'rule' as const, strokeWidth: 1.5 },
              encoding: {
                y: { field: 'low', type: 'quantitative' as const, title: null, axis: { tickCount: 5 } },
                y2: { field: 'high' },
              },
            },
            { mark: { type: 'line' as const, strokeWidth: 2 }, encoding: { y: middle } },
            {
              // Shapes tell the lines apart for those who don't see their colours.
              mark: { type: 'point' as const, filled: true, size: 60, opacity: 1 },
              encoding: {
                y: middle,
                shape: { field: 'line', type: 'nominal' as const, title: null, sort: names, legend },
              },
            },
          ],
        };
      }),
    }),
  };
}

/** Series colours in an order in which neighbours differ most. */
const LINE_COLOURS = [5, 2, 4, 1, 3, 7, 6, 0];

function distinct(cells: readonly BenchCell[], dimension: Dimension): string[] {
  return [...new Set(cells.map((cell) => String(cell[dimension] ?? '–')))].sort(compareSizes);
}

function rangeWords(title: string, points: readonly Point[]): string {
  const best = points.reduce((most, point) => (point.median > most.median ? point : most));
  const least = points.reduce((most, point) => (point.median < most.median ? point : most));
  return `${title} from ${formatNumber(least.median, 3)} (${least.x}, ${least.line}) to ${formatNumber(best.median, 3)} (${best.x}, ${best.line})`;
}
