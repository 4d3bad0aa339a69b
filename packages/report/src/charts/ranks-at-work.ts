import { itemAt } from '@cosmicai/payload';
import { formatNumber, formatSeconds } from '../format.ts';
import { quantilesOf, QUANTILES_NAMED } from '../rank-quantiles.ts';
import { PHASES, type Phase, type RankTimeline } from '../run-report.ts';
import type { Chart } from './chart.ts';

const WIDTH = 900;
const HEIGHT = 320;
const MOMENTS = 150;

/** How many ranks were in which phase at which time: the timelines of ranks that are too many for rows of their own. */
export function ranksAtWork(timeline: readonly RankTimeline[]): Chart {
  const used = PHASES.filter((phase) => timeline.some(({ phases }) => phases.some((part) => part.phase === phase)));
  const end = timeline.reduce((last, { phases }) => phases.reduce((late, part) => Math.max(late, part.end), last), 0);
  const failed = timeline.filter(({ status }) => status === 'failed').length;
  return {
    name: 'rank-timeline',
    title: 'Ranks at work',
    description: `How many of ${formatNumber(timeline.length)} ranks were in which phase, from the start of the run to its end after ${formatSeconds(end)}.${failed === 0 ? '' : ` Failed: ${formatNumber(failed)} ranks.`}`,
    data: {
      columns: ['phase', 'ranks', ...QUANTILES_NAMED.map((name) => `${name} (s)`)],
      rows: used.map((phase) => {
        const seconds = timeline.flatMap((rank) => lengthOf(rank, phase) ?? []);
        return [phase, seconds.length, ...quantilesOf(seconds)];
      }),
    },
    spec: (theme) => ({
      width: WIDTH,
      height: HEIGHT,
      data: { values: used.flatMap((phase) => atWork(timeline, phase, end)) },
      mark: 'area',
      encoding: {
        x: { field: 'time', type: 'quantitative', title: 'seconds from the start of the run' },
        y: { field: 'ranks', type: 'quantitative', title: 'ranks', stack: 'zero' },
        color: {
          field: 'phase',
          type: 'nominal',
          title: null,
          scale: { domain: used, range: used.map((phase) => itemAt(theme.series, PHASES.indexOf(phase))) },
        },
      },
    }),
  };
}

function atWork(timeline: readonly RankTimeline[], phase: Phase, end: number) {
  const step = end / MOMENTS;
  // By how many more than at the moment before.
  const more = new Float64Array(MOMENTS + 1);
  const momentAfter = (time: number) => Math.min(MOMENTS, Math.max(0, Math.ceil(time / step - 0.5)));
  for (const { phases } of timeline) {
    for (const part of phases) {
      if (part.phase !== phase) continue;
      const [from, to] = [momentAfter(part.start), momentAfter(part.end)];
      more[from] = itemAt(more, from) + 1;
      more[to] = itemAt(more, to) - 1;
    }
  }
  let ranks = 0;
  return Array.from({ length: MOMENTS }, (_, moment) => {
    ranks += itemAt(more, moment);
    return { phase, time: (moment + 0.5) * step, ranks };
  });
}

/** Undefined of a rank that never was in it. */
function lengthOf({ phases }: RankTimeline, phase: Phase): number | undefined {
  const parts = phases.filter((part) => part.phase === phase);
  return parts.length === 0 ? undefined : parts.reduce((sum, { start, end }) => sum + end - start, 0);
}
