import { median } from '@cosmicai/metrics';
import { formatNumber } from '../format.ts';
import type { PredictionSample } from '@cosmicai/runs/gather';
import { itemAt } from '@cosmicai/payload';
import type { Theme } from '../theme.ts';
import type { Chart } from './chart.ts';

const WIDTH = 420;
const HEIGHT = 420;
/** Cells of whole pixels: otherwise hair lines show between them. */
const CELLS = 70;
/** Ranges are drawn around this much of the data; what lies outside is counted in words. */
const SHOWN_QUANTILE = 0.995;
/** Intervals of z for the running median. */
const STEPS = 14;
/** Fewer galaxies than this tell no median. */
const FEWEST_IN_STEP = 8;
const OUTLIER = 0.05;

interface Cell {
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
  readonly count: number;
  readonly level: number;
}

/** Predicted against spectroscopic redshift: the denser the darker, with the line on which both agree. */
export function redshiftDensity(sample: PredictionSample): Chart {
  const limit = niceAbove(Math.max(upper(sample.z_spec), upper(sample.z_pred), 0.01));
  const low = -niceAbove(Math.max(0, ...[sample.z_spec, sample.z_pred].map((values) => upper(values.map((z) => -z)))));
  const { cells, outside, levels } = histogram(sample.z_spec, sample.z_pred, [low, limit], [low, limit]);
  return {
    name: 'redshift-density',
    title: 'Predicted against spectroscopic redshift',
    description: `${shownWords(sample, outside)} Points on the straight line are predicted exactly; colour tells how many galaxies share a cell, ${levelWords(levels)}.`,
    spec: (theme) => ({
      width: WIDTH,
      height: HEIGHT,
      layer: [
        density(cells, theme, 'spectroscopic redshift', 'predicted redshift', [low, limit], [low, limit]),
        {
          data: { values: [{ x: low, y: low, x2: limit, y2: limit }] },
          mark: { type: 'rule', color: theme.bad, strokeWidth: 1.5 },
          encoding: {
            x: { field: 'x', type: 'quantitative' },
            y: { field: 'y', type: 'quantitative' },
            x2: { field: 'x2' },
            y2: { field: 'y2' },
          },
        },
      ],
    }),
  };
}

/** dz = (z_pred - z_spec) / (1 + z_spec) against z_spec, with its running median and the outlier limits. */
export function residualDensity(sample: PredictionSample): Chart {
  const residuals = sample.z_spec.map((z, at) => (itemAt(sample.z_pred, at) - z) / (1 + z));
  const zLimit = niceAbove(Math.max(upper(sample.z_spec), 0.01));
  const limit = niceAbove(Math.max(upper(residuals.map(Math.abs)), 1.2 * OUTLIER));
  const { cells, outside, levels } = histogram(sample.z_spec, residuals, [0, zLimit], [-limit, limit]);
  const running = runningMedian(sample.z_spec, residuals, zLimit);
  return {
    name: 'redshift-residuals',
    title: 'Residuals against redshift',
    description: `${shownWords(sample, outside)} dz is the error divided by 1 + z. The line is the median in steps of z; the dashed lines are the outlier limits of ${OUTLIER}. Colour tells how many galaxies share a cell, ${levelWords(levels)}.`,
    data: {
      columns: ['z from', 'z to', 'galaxies', 'median dz'],
      rows: running.map((step) => [step.from, step.to, step.count, step.median]),
    },
    spec: (theme) => ({
      width: WIDTH,
      height: HEIGHT,
      layer: [
        density(
          cells,
          theme,
          'spectroscopic redshift',
          'dz = (predicted − spectroscopic) / (1 + z)',
          [0, zLimit],
          [-limit, limit],
        ),
        {
          data: { values: [{ y: OUTLIER }, { y: -OUTLIER }] },
          mark: { type: 'rule', color: theme.muted, strokeDash: [4, 4] },
          encoding: { y: { field: 'y', type: 'quantitative' } },
        },
        {
          data: { values: [{ y: 0 }] },
          mark: { type: 'rule', color: theme.bad, strokeWidth: 1 },
          encoding: { y: { field: 'y', type: 'quantitative' } },
        },
        {
          data: { values: running.map((step) => ({ x: (step.from + step.to) / 2, y: step.median })) },
          mark: { type: 'line', color: theme.warn, strokeWidth: 2.5, point: { color: theme.warn, size: 30 } },
          encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
        },
      ],
    }),
  };
}

function density(
  cells: readonly Cell[],
  theme: Theme,
  xTitle: string,
  yTitle: string,
  xDomain: readonly [number, number],
  yDomain: readonly [number, number],
) {
  return {
    data: { values: [...cells].sort((a, b) => a.level - b.level) },
    mark: { type: 'rect' as const },
    encoding: {
      x: { field: 'x0', type: 'quantitative' as const, title: xTitle, scale: { domain: [...xDomain], nice: false } },
      x2: { field: 'x1' },
      y: { field: 'y0', type: 'quantitative' as const, title: yTitle, scale: { domain: [...yDomain], nice: false } },
      y2: { field: 'y1' },
      color: {
        field: 'level',
        type: 'ordinal' as const,
        legend: null,
        scale: { domain: theme.density.map((_, at) => at), range: [...theme.density] },
      },
    },
  };
}

/** Levels are powers: each holds twice to several times as many galaxies a cell as the one before. */
function histogram(
  xs: readonly number[],
  ys: readonly number[],
  [xLow, xHigh]: readonly [number, number],
  [yLow, yHigh]: readonly [number, number],
): { cells: Cell[]; outside: number; levels: number[] } {
  const counts = new Map<number, number>();
  let outside = 0;
  xs.forEach((x, at) => {
    const column = Math.floor(((x - xLow) / (xHigh - xLow)) * CELLS);
    const row = Math.floor(((itemAt(ys, at) - yLow) / (yHigh - yLow)) * CELLS);
    if (column < 0 || column >= CELLS || row < 0 || row >= CELLS) outside++;
    else counts.set(column * CELLS + row, (counts.get(column * CELLS + row) ?? 0) + 1);
  });
  const most = Math.max(1, ...counts.values());
  const step = Math.max(2, most ** (1 / 6));
  const levels = Array.from({ length: 6 }, (_, level) => Math.ceil(step ** level)).filter((from) => from <= most);
  const cells = [...counts].map(([cell, count]): Cell => {
    const column = Math.floor(cell / CELLS);
    const row = cell % CELLS;
    return {
      x0: xLow + (column / CELLS) * (xHigh - xLow),
      x1: xLow + ((column + 1) / CELLS) * (xHigh - xLow),
      y0: yLow + (row / CELLS) * (yHigh - yLow),
      y1: yLow + ((row + 1) / CELLS) * (yHigh - yLow),
      count,
      level: levels.findLastIndex((from) => count >= from),
    };
  });
  return { cells, outside, levels };
}

function runningMedian(z: readonly number[], residuals: readonly number[], limit: number) {
  return Array.from({ length: STEPS }, (_, step) => {
    const [from, to] = [(step * limit) / STEPS, ((step + 1) * limit) / STEPS];
    const inside = residuals.filter((_residual, at) => itemAt(z, at) >= from && itemAt(z, at) < to);
    return { from, to, count: inside.length, median: median(inside) };
  }).filter(({ count }) => count >= FEWEST_IN_STEP);
}

function upper(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.ceil(SHOWN_QUANTILE * sorted.length))] ?? 0;
}

/** The next of 0, 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
function niceAbove(value: number): number {
  if (value === 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10);
}

function shownWords(sample: PredictionSample, outside: number): string {
  const shown = sample.z_spec.length;
  const of =
    shown < sample.total ? `a sample of ${formatNumber(shown)} of ${formatNumber(sample.total)}` : formatNumber(shown);
  const left = outside === 0 ? '' : ` ${formatNumber(outside)} of them lie outside the frame.`;
  return `${of.charAt(0).toUpperCase()}${of.slice(1)} galaxies.${left}`;
}

function levelWords(levels: readonly number[]): string {
  return `from ${levels[0] ?? 1} in the faintest to ${levels.at(-1) ?? 1} and more in the strongest`;
}
