import { coarser, quantileOf } from '@cosmicai/metrics';
import type { RedshiftHistogram } from '@cosmicai/payload';
import { formatNumber } from '../format.ts';
import type { Chart } from './chart.ts';

const WIDTH = 420;
const HEIGHT = 420;
/** More bars than this are drawn as fewer, wider ones. */
const MOST_BARS = 60;

/** N(z): how many galaxies have which predicted redshift. Undefined where no prediction is a redshift. */
export function redshiftDistribution(histogram: RedshiftHistogram): Chart | undefined {
  if (histogram.counts.length === 0) return undefined;
  const drawn = coarser(histogram, Math.ceil(histogram.counts.length / MOST_BARS));
  const bars = drawn.counts.map((galaxies, at) => ({
    from: drawn.from + at * drawn.bin_width,
    to: drawn.from + (at + 1) * drawn.bin_width,
    galaxies,
  }));
  return {
    name: 'redshift-distribution',
    title: 'Distribution of predicted redshifts, N(z)',
    description: `N(z) in intervals of ${formatNumber(drawn.bin_width)}: ${describeDistribution(histogram)}.`,
    data: {
      columns: ['z from', 'z to', 'galaxies'],
      rows: bars.map(({ from, to, galaxies }) => [from, to, galaxies]),
    },
    spec: (theme) => ({
      width: WIDTH,
      height: HEIGHT,
      data: { values: bars },
      mark: { type: 'rect', color: theme.accent, stroke: theme.paper, strokeWidth: 0.5 },
      encoding: {
        x: { field: 'from', type: 'quantitative', title: 'predicted redshift', scale: { zero: false } },
        x2: { field: 'to' },
        y: { field: 'galaxies', type: 'quantitative', title: 'galaxies' },
        y2: { datum: 0 },
      },
    }),
  };
}

/** `median 0.104, from 0.05 to 0.21 for 90 % of 1,000 galaxies`. */
export function describeDistribution(histogram: RedshiftHistogram): string {
  const galaxies = histogram.counts.reduce((sum, count) => sum + count, 0);
  const [low, middle, high] = [0.05, 0.5, 0.95].map((share) => quantileOf(histogram, share));
  const outside = histogram.outside === 0 ? '' : `; ${formatNumber(histogram.outside)} without a finite one`;
  if (low === undefined || middle === undefined || high === undefined) return `none of a galaxy${outside}`;
  const shown = (redshift: number) => formatNumber(redshift, 3);
  return `median ${shown(middle)}, from ${shown(low)} to ${shown(high)} for 90 % of ${formatNumber(galaxies)} galaxies${outside}`;
}
