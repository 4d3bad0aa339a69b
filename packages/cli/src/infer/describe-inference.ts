import type { InferReport } from '@cosmicai/inference';
import { describeArithmetic, describeTaken, isWorthTelling } from '@cosmicai/payload';
import { classTable, describeDistribution, describeOtherAnswers, flagTable, scoreComparison } from '@cosmicai/report';
import { formatLines, formatPairs } from '../output/table.ts';
import { formatReportTable } from '../output/tables.ts';
import { bitsPerSecond, megabytes, perSecond, score, seconds } from '../output/units.ts';

export function describeInference(report: InferReport): string {
  const { scores, flagged, warnings, without_truth: unknown = 0, redshift_histogram: histogram } = report;
  const { without_redshift: others = 0, class_counts: classes } = report;
  const unscored = Math.max(unknown, others);
  const figures = formatPairs([
    ['Samples', String(report.samples)],
    ...(report.model_spec_file === undefined
      ? []
      : ([['Model takes', `what ${report.model_spec_file} says`]] as const)),
    ...(isWorthTelling(report.columns_taken) ? ([['Columns', describeTaken(report.columns_taken)]] as const) : []),
    ['Total time', `${seconds(report.wall_clock_seconds)} (processor time ${seconds(report.cpu_seconds)})`],
    [
      'Time per batch',
      `${(report['execution time per batch (second)'] * 1000).toFixed(1)} ms (${report['number of batches']} batches of ${report['batch size']})`,
    ],
    ['Throughput', `${perSecond(report.sample_persec)} samples, ${bitsPerSecond(report['throughput(bps)'])}`],
    ...(report.arithmetic === null ? [] : ([['Arithmetic', describeArithmetic(report.arithmetic)]] as const)),
    ['Peak memory', megabytes(report['cpu memory (MB)'])],
    ...(unscored === report.samples && unscored > 0
      ? []
      : ([
          ['MAE', score(scores.mae)],
          ['MSE', score(scores.mse, 6)],
          ['Bias', score(scores.bias)],
          ['Precision (NMAD)', score(scores.precision)],
          ['R2', score(scores.r2)],
        ] as const)),
    ...(scores.excluded > unscored
      ? ([
          ['Without metrics', `${scores.excluded - unscored} samples (no usable redshift, or no finite prediction)`],
        ] as const)
      : []),
    ...(unknown > 0 ? ([['Without truth', `${unknown} samples (no metrics over them)`]] as const) : []),
    ...(histogram === undefined ? [] : ([['Predicted redshifts', describeDistribution(histogram)]] as const)),
    ...(report.predictions === null ? [] : ([['Predictions', report.predictions]] as const)),
  ]);
  return [
    figures,
    ...(others === 0 ? [] : [describeOtherAnswers(classes)]),
    ...(classes === undefined ? [] : [formatReportTable(classTable(classes))]),
    ...(flagged.galaxies === 0
      ? []
      : [
          [
            formatReportTable(flagTable({ flagged, samples: report.samples })),
            ...(unscored === report.samples ? [] : [scoreComparison(scores, report.scores_unflagged)]),
          ].join('\n'),
        ]),
    ...(report.not_checked.length === 0 ? [] : [`Not checked:\n${formatLines(report.not_checked)}`]),
    ...(warnings.length === 0 ? [] : [`Warnings:\n${formatLines(warnings)}`]),
  ].join('\n\n');
}
