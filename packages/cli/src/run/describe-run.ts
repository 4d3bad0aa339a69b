import { describeTaken, type RankResult, type RunSummary } from '@cosmicai/payload';
import {
  classTable,
  describeOtherAnswers,
  costTable,
  describeDistribution,
  describeMeeting,
  describeUnknown,
  flagTable,
  rankTable,
  rankTables,
  rateTable,
  reconciliationTable,
  scoreComparison,
  scoreTable,
  type RunReport,
  type Table,
} from '@cosmicai/report';
import { formatLines, formatPairs } from '../output/table.ts';
import { formatReportTable } from '../output/tables.ts';
import { seconds } from '../output/units.ts';

/** Ranks shown one by one; of larger runs the report has them all. */
const RANKS_SHOWN = 40;
/** Of runs of thousands of ranks. */
const SLOWEST_SHOWN = 20;

/** The tables that `run`, `demo` and `status` print. */
export function describeRun(report: RunReport, summary: RunSummary): string {
  const { ranks } = summary;
  const parts = [
    ...rankParts(report),
    formatPairs([
      ['Run', `${summary.run_id}: ${summary.status}`],
      [
        'Ranks',
        `${ranks.planned} planned, ${ranks.succeeded} succeeded, ${ranks.without_data} without data, ${ranks.failed} failed`,
      ],
      ['Samples', `${summary.samples} at batch size ${summary.batch_size}`],
      ...(summary.proof === undefined ? [] : [['Proof', summary.proof.statement] as const]),
      ...report.model.arithmetic.map((sentence) => ['Arithmetic', sentence] as const),
      ['Wall clock', `${seconds(summary.wall_clock_seconds)}; slowest rank ${seconds(summary.slowest_rank_seconds)}`],
      ...(report.meeting === null ? [] : [['Met over FMI', describeMeeting(report.meeting)] as const]),
    ]),
    formatReportTable(rateTable(report)),
    ...(report.scores === null ? [] : [formatReportTable(scoreTable(report))]),
    ...unknownTruth(report),
    ...otherAnswers(report),
    ...flags({ ...report, flagged: report.flagged ?? undefined }),
    ...(report.cost === null ? [] : [titled(costTable(report))]),
    ...(report.reconciliation.length === 0 ? [] : [titled(reconciliationTable(report))]),
  ];
  if (summary.failed_ranks.length > 0) {
    const lines = summary.failed_ranks
      .slice(0, RANKS_SHOWN)
      .map((failure) => `rank ${failure.rank} (${failure.data_path.join(', ')}): ${failure.error}: ${failure.cause}`);
    const more = summary.failed_ranks.length - RANKS_SHOWN;
    if (more > 0) lines.push(`… and ${more} more, see summary.json`);
    parts.push(`Failed ranks:\n${formatLines(lines)}`);
  }
  parts.push(...remarks(summary));
  return parts.join('\n\n');
}

/** The first ranks one by one, or, of thousands, their quantiles and the slowest ones. */
function rankParts({ ranks }: RunReport): string[] {
  const [first, ...others] = rankTables({ ranks }, SLOWEST_SHOWN);
  if (others.length > 0 && first !== undefined) return [first, ...others].map(titled);
  const more = ranks.length - RANKS_SHOWN;
  return [
    formatReportTable(rankTable({ ranks: ranks.slice(0, RANKS_SHOWN) })),
    ...(more > 0 ? [`… and ${more} more ranks`] : []),
  ];
}

function titled(table: Table): string {
  return `${table.title}:\n${formatReportTable(table)}`;
}

/** Only where the model answers something else. */
function otherAnswers({ withoutRedshift, classCounts }: RunReport): string[] {
  if (withoutRedshift === undefined) return [];
  return [
    formatLines([describeOtherAnswers(classCounts)]),
    ...(classCounts === undefined ? [] : [titled(classTable(classCounts))]),
  ];
}

/** Only where some galaxy has no true redshift. */
function unknownTruth({ samples, withoutTruth, redshiftHistogram }: RunReport): string[] {
  if (withoutTruth === undefined || redshiftHistogram === undefined) return [];
  return [
    formatLines([
      describeUnknown({ samples, withoutTruth }),
      `Predicted redshifts: ${describeDistribution(redshiftHistogram)}.`,
    ]),
  ];
}

/** Only when there is something to show. */
function flags({
  flagged,
  samples,
  scores,
  unflaggedScores,
}: Pick<RunReport, 'samples' | 'scores' | 'unflaggedScores'> & Pick<RankResult, 'flagged'>): string[] {
  if (flagged === undefined || flagged.galaxies === 0) return [];
  const table = formatReportTable(flagTable({ flagged, samples }));
  return [
    scores === null || unflaggedScores === null ? table : `${table}\n${scoreComparison(scores, unflaggedScores)}`,
  ];
}

/** What was noticed of the data, as a rank and a run tell it. */
type Noticed = Pick<RankResult, 'samples' | 'flagged' | 'warnings' | 'not_checked' | 'columns_taken'>;

/** Flags and remarks as `run` prints them, of a rank or of a run that a scheduler ran. */
export function describeNoticed(noticed: Noticed): string[] {
  return [...flags({ ...noticed, scores: null, unflaggedScores: null }), ...remarks(noticed)];
}

function remarks({
  columns_taken: columns,
  not_checked: notChecked = [],
  warnings = [],
}: Pick<Noticed, 'columns_taken' | 'not_checked' | 'warnings'>): string[] {
  return [
    ...(columns === undefined ? [] : [`Columns: ${describeTaken(columns)}`]),
    ...(notChecked.length === 0 ? [] : [`Not checked:\n${formatLines(notChecked)}`]),
    ...(warnings.length === 0 ? [] : [`Warnings:\n${formatLines(warnings)}`]),
  ];
}
