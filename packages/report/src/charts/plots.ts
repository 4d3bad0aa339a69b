import type { PredictionGrids } from '@cosmicai/runs/gather';
import { MOST_RANKS_SHOWN } from '../rank-quantiles.ts';
import type { RunReport } from '../run-report.ts';
import type { Chart } from './chart.ts';
import { frontierChart } from './frontier.ts';
import { rankMeasures } from './rank-measures.ts';
import { rankTimeline } from './rank-timeline.ts';
import { ranksAtWork } from './ranks-at-work.ts';
import { redshiftDensity, residualDensity } from './redshift-density.ts';
import { redshiftDistribution } from './redshift-distribution.ts';

/** A plot of a run's report. */
export interface Plot {
  /** Where it stands on the page. */
  readonly section: 'ranks' | 'predictions' | 'cost';
  /** Undefined where the report has nothing for it to show. */
  readonly of: (report: RunReport) => Chart | undefined;
}

/** Every plot of a run's report, in the order in which they stand. Another one is a file beside these and a line here. */
const PLOTS: readonly Plot[] = [
  { section: 'ranks', of: ({ timeline }) => timelineOf(timeline) },
  { section: 'ranks', of: ({ ranks }) => rankMeasures(ranks) },
  {
    section: 'predictions',
    of: ({ redshiftHistogram }) =>
      redshiftHistogram === undefined ? undefined : redshiftDistribution(redshiftHistogram),
  },
  { section: 'predictions', of: ofPredictions(({ redshifts }) => redshiftDensity(redshifts)) },
  { section: 'predictions', of: ofPredictions(({ residuals }) => residualDensity(residuals)) },
  { section: 'cost', of: ({ frontier }) => (frontier === null ? undefined : frontierChart(frontier.points, frontier)) },
];

function timelineOf(timeline: RunReport['timeline']): Chart | undefined {
  if (timeline.length === 0) return undefined;
  return timeline.length > MOST_RANKS_SHOWN ? ranksAtWork(timeline) : rankTimeline(timeline);
}

/** The plots that a report has something for. @param section default: all */
export function plotsOf(report: RunReport, section?: Plot['section']): Chart[] {
  return PLOTS.filter((plot) => section === undefined || plot.section === section).flatMap(
    (plot) => plot.of(report) ?? [],
  );
}

function ofPredictions(chart: (grids: PredictionGrids) => Chart): Plot['of'] {
  return ({ predictions }) =>
    predictions === null || predictions.redshifts.counts.length === 0 ? undefined : chart(predictions);
}
