export {
  OUTLIER_LIMITS,
  PredictionMetrics,
  predictionMetricsSchema,
  type PredictionMetricsJson,
  type PredictionMetricsOptions,
} from './prediction-metrics.ts';
export { NMAD_FACTOR, nmad } from './nmad.ts';
export { ResidualSketch, SKETCH_RELATIVE_ERROR, type Estimate } from './residual-sketch.ts';
export { ExactSum } from './exact-sum.ts';
export { BITS_PER_SAMPLE } from './sample-bits.ts';
export { ratesOf, type RankWork, type Rate, type Rates } from './rates.ts';
export { DEFAULT_REGION, parsePrices, pricedRegions, pricesOf, pricesSchema, type Prices } from './price-book.ts';
export {
  costOfRun,
  expressGbSeconds,
  teamsEstimate,
  type Architecture,
  type Cost,
  type CostItem,
  type LambdaUsage,
  type RunUsage,
} from './cost.ts';
export { formatReportLine, parseReportLine, parseReportLog, type ReportLine, type ReportLog } from './report-line.ts';
export {
  fromRankResult,
  normaliseRankResult,
  normaliseRankResults,
  type NormalisedRank,
  type RankMeasurement,
} from './rank-measurement.ts';
