import type { Grid } from '@cosmicai/metrics';
import { formatNumber } from '../format.ts';
import { itemAt } from '@cosmicai/payload';
import type { Theme } from '../theme.ts';
import type { Chart } from './chart.ts';

const WIDTH = 420;
const HEIGHT = 420;
/** About so many along a side. */
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
export function redshiftDensity(grid: Grid): Chart {
  const [x, y] = [alongX(grid), alongY(grid)];
  const limit = niceAbove(Math.max(highest(x), highest(y), 0.01));
  const low = 0 - niceAbove(Math.max(0, -lowest(x), -lowest(y)));
  const { cells, outside, levels, xs, ys, size } = drawn(grid, [low, limit], [low, limit]);
  return {
    name: 'redshift-density',
    title: 'Predicted against spectroscopic redshift',
    description: `${shownWords(grid, outside)} Points on the straight line are predicted exactly; colour tells how many galaxies share a cell, ${levelWords(levels)}.`,
    spec: (theme) => ({
      ...size,
      layer: [
        density(cells, theme, 'spectroscopic redshift', 'predicted redshift', xs, ys),
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
export function residualDensity(grid: Grid): Chart {
  const [x, y] = [alongX(grid), alongY(grid)];
  const zLimit = niceAbove(Math.max(highest(x), 0.01));
  const limit = niceAbove(Math.max(highest(y), -lowest(y), 1.2 * OUTLIER));
  const { cells, outside, levels, xs, ys, size } = drawn(grid, [0, zLimit], [-limit, limit]);
  const running = runningMedian(grid, zLimit);
  return {
    name: 'redshift-residuals',
    title: 'Residuals against redshift',
    description: `${shownWords(grid, outside)} dz is the error divided by 1 + z. The line is the median in steps of z; the dashed lines are the outlier limits of ${OUTLIER}. Colour tells how many galaxies share a cell, ${levelWords(levels)}.`,
    data: {
      columns: ['z from', 'z to', 'galaxies', 'median dz'],
      rows: running.map((step) => [step.from, step.to, step.count, step.median]),
    },
    spec: (theme) => ({
      ...size,
      layer: [
        density(cells, theme, 'spectroscopic redshift', 'dz = (predicted − spectroscopic) / (1 + z)', xs, ys),
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

/** Galaxies by one coordinate: where cells begin, how wide they are, and how many galaxies are in each, ascending. */
interface Marginal {
  readonly width: number;
  readonly starts: readonly (readonly [start: number, galaxies: number])[];
}

function alongX({ x, columns, counts }: Grid): Marginal {
  return marginal(x, columns, counts);
}

function alongY({ y, rows, counts }: Grid): Marginal {
  return marginal(y, rows, counts);
}

function marginal({ from, width }: Grid['x'], places: readonly number[], counts: readonly number[]): Marginal {
  const galaxies = new Map<number, number>();
  for (const [at, place] of places.entries()) galaxies.set(place, (galaxies.get(place) ?? 0) + itemAt(counts, at));
  const ordered = [...galaxies].sort(([a], [b]) => a - b);
  return { width, starts: ordered.map(([place, count]) => [from + place * width, count]) };
}

/** Above which no more than a few galaxies lie. */
function highest({ width, starts }: Marginal): number {
  return atShare(starts, SHOWN_QUANTILE) + width;
}

/** Below which no more than a few galaxies lie. */
function lowest({ starts }: Marginal): number {
  return atShare(starts.toReversed(), SHOWN_QUANTILE);
}

/** Where so large a share of the galaxies has been met. */
function atShare(starts: Marginal['starts'], share: number): number {
  const all = starts.reduce((sum, [, galaxies]) => sum + galaxies, 0);
  let met = 0;
  for (const [start, galaxies] of starts) {
    met += galaxies;
    if (met >= share * all) return start;
  }
  return 0;
}

/** Cells of a grid between two values, joined so that a picture has about CELLS of them. */
interface Joined {
  /** Of the grid's along one side. */
  readonly times: number;
  readonly first: number;
  readonly count: number;
  /** A multiple of whole cells that holds the range. */
  readonly range: readonly [number, number];
}

function joinedOver({ from, width }: Grid['x'], [low, high]: readonly [number, number]): Joined {
  const times = Math.max(1, Math.round((high - low) / CELLS / width));
  const size = times * width;
  // Counted from 0, where a cell of any size begins.
  const first = Math.floor(low / size);
  const count = Math.ceil(high / size) - first;
  return {
    times,
    first: first * times - Math.round(from / width),
    count,
    range: [first * size, (first + count) * size],
  };
}

/** Levels are powers: each holds twice to several times as many galaxies a cell as the one before. */
function drawn(grid: Grid, inX: readonly [number, number], inY: readonly [number, number]) {
  const [x, y] = [joinedOver(grid.x, inX), joinedOver(grid.y, inY)];
  const counts = new Map<number, number>();
  let outside = grid.outside;
  for (const [at, galaxies] of grid.counts.entries()) {
    const column = Math.floor((itemAt(grid.columns, at) - x.first) / x.times);
    const row = Math.floor((itemAt(grid.rows, at) - y.first) / y.times);
    const cell = column * y.count + row;
    if (column < 0 || column >= x.count || row < 0 || row >= y.count) outside += galaxies;
    else counts.set(cell, (counts.get(cell) ?? 0) + galaxies);
  }
  const most = Math.max(1, ...counts.values());
  const step = Math.max(2, most ** (1 / 6));
  const levels = Array.from({ length: 6 }, (_, level) => Math.ceil(step ** level)).filter((from) => from <= most);
  const [width, height] = [x.times * grid.x.width, y.times * grid.y.width];
  const cells = [...counts].map(([cell, count]): Cell => {
    const x0 = x.range[0] + Math.floor(cell / y.count) * width;
    const y0 = y.range[0] + (cell % y.count) * height;
    const level = levels.findLastIndex((from) => count >= from);
    return { x0, x1: x0 + width, y0, y1: y0 + height, count, level };
  });
  return {
    ...{ cells, outside, levels, xs: x.range, ys: y.range },
    // Cells of whole pixels: otherwise hair lines show between them.
    size: { width: x.count * Math.round(WIDTH / x.count), height: y.count * Math.round(HEIGHT / y.count) },
  };
}

/** Of dz in steps of z that are whole columns of the grid. */
function runningMedian({ x, y, columns, rows, counts }: Grid, limit: number) {
  const times = Math.max(1, Math.round(limit / STEPS / x.width));
  const first = -Math.round(x.from / x.width);
  const steps = new Map<number, [row: number, galaxies: number][]>();
  for (const [at, column] of columns.entries()) {
    const step = Math.floor((column - first) / times);
    if (step < 0 || step * times * x.width >= limit) continue;
    const inStep = steps.get(step) ?? [];
    inStep.push([itemAt(rows, at), itemAt(counts, at)]);
    steps.set(step, inStep);
  }
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([step, cells]) => ({
      from: step * times * x.width,
      to: (step + 1) * times * x.width,
      count: cells.reduce((sum, [, galaxies]) => sum + galaxies, 0),
      median: medianOf(
        cells.map(([row, galaxies]) => [y.from + row * y.width, galaxies]),
        y.width,
      ),
    }))
    .filter(({ count }) => count >= FEWEST_IN_STEP);
}

/** As if galaxies lay evenly within a cell. */
function medianOf(cells: readonly [start: number, galaxies: number][], width: number): number {
  const half = cells.reduce((sum, [, galaxies]) => sum + galaxies, 0) / 2;
  let below = 0;
  for (const [start, galaxies] of cells.toSorted(([a], [b]) => a - b)) {
    if (below + galaxies >= half) return start + ((half - below) / galaxies) * width;
    below += galaxies;
  }
  return NaN;
}

/** The next of 0, 1, 1.5, 2, 3, 4, 5, 6, 8 times a power of ten. */
function niceAbove(value: number): number {
  if (value === 0) return 0;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10);
}

function shownWords({ counts, outside: undrawn }: Grid, outside: number): string {
  const all = counts.reduce((sum, count) => sum + count, undrawn);
  const left = outside === 0 ? '' : ` ${formatNumber(outside)} of them lie outside the frame.`;
  return `${formatNumber(all)} galaxies.${left}`;
}

function levelWords(levels: readonly number[]): string {
  return `from ${levels[0] ?? 1} in the faintest to ${levels.at(-1) ?? 1} and more in the strongest`;
}
