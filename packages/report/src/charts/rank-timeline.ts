import { itemAt } from '@cosmicai/payload';
import { formatNumber, formatSeconds } from '../format.ts';
import { PHASES, type RankTimeline } from '../run-report.ts';
import type { Chart } from './chart.ts';

const WIDTH = 900;
/** Up to this many ranks each has a row of its own height; more share a fixed height. */
const ROOMY_RANKS = 40;
const ROW = 15;
const DENSE_HEIGHT = 520;
/** Gaps between rows only where a row has room for one. */
const ROOMY_BAND = 0.72;

/** When each rank waited, started, read, predicted and wrote. */
export function rankTimeline(timeline: readonly RankTimeline[]): Chart {
  const ranks = [...timeline].sort((a, b) => a.rank - b.rank);
  const used = PHASES.filter((phase) => ranks.some((rank) => rank.phases.some((part) => part.phase === phase)));
  const bars = used.flatMap((phase) =>
    ranks.flatMap(({ rank, phases }) =>
      phases.filter((part) => part.phase === phase).map(({ start, end }) => ({ rank, phase, start, end })),
    ),
  );
  const failed = ranks.filter(({ status }) => status === 'failed');
  const roomy = ranks.length <= ROOMY_RANKS;
  return {
    name: 'rank-timeline',
    title: 'Timeline of the ranks',
    description: `One row a rank, ${formatNumber(ranks.length)} in all, from the start of the run to its end after ${formatSeconds(endOf(ranks))}. ${phaseWords(ranks, used)}${failed.length === 0 ? '' : ` Failed: ${failed.length} ranks.`}`,
    ...(roomy
      ? {
          data: {
            columns: ['rank', ...used.map((phase) => `${phase} (s)`), 'end (s)'],
            rows: ranks.map(({ rank, phases }) => [
              rank,
              ...used.map((phase) => lengthOf(phases, phase)),
              Math.max(0, ...phases.map(({ end }) => end)),
            ]),
          },
        }
      : {}),
    spec: (theme) => ({
      width: WIDTH,
      height: roomy ? ROW * ranks.length : DENSE_HEIGHT,
      data: { values: bars },
      mark: { type: 'bar', height: { band: roomy ? ROOMY_BAND : 1 } },
      encoding: {
        x: { field: 'start', type: 'quantitative', title: 'seconds from the start of the run' },
        x2: { field: 'end' },
        y: {
          field: 'rank',
          type: 'ordinal',
          title: 'rank',
          scale: { padding: 0 },
          axis: { grid: false, ticks: false, values: labelledRanks(ranks) },
        },
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

function lengthOf(phases: RankTimeline['phases'], phase: string): number {
  return phases.filter((part) => part.phase === phase).reduce((sum, { start, end }) => sum + (end - start), 0);
}

function endOf(ranks: readonly RankTimeline[]): number {
  return ranks.reduce((last, { phases }) => phases.reduce((end, part) => Math.max(end, part.end), last), 0);
}

function phaseWords(ranks: readonly RankTimeline[], used: readonly string[]): string {
  const means = used.map((phase) => {
    const total = ranks.reduce((sum, { phases }) => sum + lengthOf(phases, phase), 0);
    return `${phase} ${formatSeconds(total / ranks.length)}`;
  });
  return `Mean of a rank: ${means.join(', ')}.`;
}

/** About twenty labels, however many ranks. */
function labelledRanks(ranks: readonly RankTimeline[]): number[] {
  const step = Math.max(1, Math.ceil(ranks.length / 20));
  return ranks.filter((_, at) => at % step === 0).map(({ rank }) => rank);
}
