import type { Flagged, PredictionScores } from '@cosmicai/payload';
import { QUALITY_FLAG_NAMES, QUALITY_FLAGS } from '@cosmicai/payload';
import { formatNumber, formatPercent } from './format.ts';
import type { Table } from './tables.ts';

/** Flagged galaxies by kind; a galaxy may be of several. */
export function flagTable({ flagged, samples }: { readonly flagged: Flagged; readonly samples: number }): Table {
  const share = (galaxies: number) => formatPercent(samples === 0 ? 0 : galaxies / samples);
  return {
    title: 'Flagged galaxies',
    columns: ['flag', 'galaxies', 'share', 'meaning'],
    figures: [1, 2],
    rows: [
      ...QUALITY_FLAG_NAMES.flatMap((name) => {
        const galaxies = flagged.by_flag[name] ?? 0;
        return galaxies === 0 ? [] : [[name, formatNumber(galaxies), share(galaxies), QUALITY_FLAGS[name].meaning]];
      }),
      ['any', formatNumber(flagged.galaxies), share(flagged.galaxies), 'galaxies with one flag or more'],
    ],
  };
}

/** That true redshifts are unknown, and what that means. */
export function describeUnknown({
  samples,
  withoutTruth,
}: {
  readonly samples: number;
  readonly withoutTruth: number;
}): string {
  return withoutTruth === samples
    ? 'The partitions have no true redshifts, so that there is no accuracy to tell.'
    : `${formatNumber(withoutTruth)} of ${formatNumber(samples)} galaxies have no true redshift; the accuracy is that of the others.`;
}

/** That redshifts are not what a model answers, and what that means. */
export function describeOtherAnswers(classCounts: Readonly<Record<string, number>> | undefined): string {
  const what = classCounts === undefined ? 'vectors' : 'classes';
  return `The model answers ${what}, not redshifts, so that there is no accuracy to tell.`;
}

/** Galaxies by the class that is most probable, the most frequent first. */
export function classTable(counts: Readonly<Record<string, number>>): Table {
  const entries = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  const all = entries.reduce((sum, [, galaxies]) => sum + galaxies, 0);
  return {
    title: 'Classes',
    columns: ['class', 'galaxies', 'share'],
    figures: [1, 2],
    rows: entries.map(([label, galaxies]) => [label, formatNumber(galaxies), formatPercent(galaxies / all)]),
  };
}

/** The accuracy with and without flagged galaxies, in one line. */
export function scoreComparison(all: PredictionScores, unflagged: PredictionScores): string {
  const shown = (value: number | null) => (value === null ? '–' : formatNumber(value));
  const figures = ({ count, mae, precision }: PredictionScores) =>
    `MAE ${shown(mae)}, NMAD ${shown(precision)} over ${formatNumber(count)}`;
  return `All with a usable redshift: ${figures(all)}; without any flag: ${figures(unflagged)}.`;
}
