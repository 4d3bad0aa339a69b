export {
  OUTLIER_LIMITS,
  PredictionMetrics,
  predictionMetricsSchema,
  type PredictionMetricsJson,
  type PredictionMetricsOptions,
} from './prediction-metrics.ts';
export { describeFlags, QualityLedger, qualityFailure, type LedgerScores } from './quality-ledger.ts';
export { Reduction, type KeptReduction, type ReducedPredictions, type ReducedSamples } from './reduction/reduction.ts';
export { decodeReduction, encodeReduction, type EncodedReduction } from './reduction/reduction-file.ts';
export { gridSchema, type Grid } from './reduction/count-grid.ts';
export type { WorstGalaxy } from './reduction/worst-galaxies.ts';
export { NMAD_FACTOR, nmad } from './nmad.ts';
export { ResidualSketch, SKETCH_RELATIVE_ERROR, type Estimate } from './residual-sketch.ts';
export { ExactSum } from './exact-sum.ts';
export { coarser, quantileOf, RedshiftDistribution } from './redshift-distribution.ts';
export { costsAtRest, type RestingCost, type StageAtRest } from './at-rest.ts';
export { BITS_PER_SAMPLE } from './sample-bits.ts';
export { ratesOf, type RankWork, type Rate, type Rates } from './rates.ts';
export { DEFAULT_REGION, pricedRegions, pricesOf, pricesSchema, type Prices } from './price-book.ts';
export { pricesFor } from './prices-for.ts';
export {
  costOfRun,
  costSchema,
  expressGbSeconds,
  teamsEstimate,
  type Architecture,
  type Cost,
  type CostItem,
  type LambdaUsage,
  type ProvisionedConcurrency,
  type RunUsage,
} from './cost.ts';
export {
  DEFAULT_RENDEZVOUS_SIZE,
  fargateUsage,
  partitionTransfer,
  unpriced,
  UNTOLD_RENDEZVOUS_SIZE,
  type FargateSize,
} from './stage-costs.ts';
export { fromRankResult } from './own-results.ts';
export {
  normaliseOwnResult,
  normaliseRankResult,
  readRankResults,
  recordsIn,
  type RankResults,
} from './rank-results.ts';
export type { NormalisedRank, RankMeasurement, RankScores } from './rank-measurement.ts';
export { normalQuantile, seededRandom, standardNormal, type Random } from './random.ts';
export { bootstrapInterval, mean, median, quantile, type BootstrapOptions, type Interval } from './statistics.ts';
export {
  INTERVAL_SCORES,
  pairedIntervals,
  type IntervalScore,
  type PairedIntervals,
  type PairedPredictions,
  type ScoreIntervals,
} from './paired-intervals.ts';
export { architectureOf, runTable, type RankRow, type RunTable, type RunTableOptions } from './run-table.ts';
