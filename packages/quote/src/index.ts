export {
  DEFAULT_AWS_LIMITS,
  DEFAULT_RETRY,
  DEFAULT_THROTTLE_RETRY,
  sessionsOn,
  type AwsLimits,
  type RetryPolicy,
} from './aws-limits.ts';
export {
  DEFAULT_CALIBRATION,
  defaultCalibration,
  inEightBits,
  LAMBDA_COLD_START_FACTOR,
  type Calibration,
} from './calibration.ts';
export { calibratedBy, type CalibrationSource } from './calibrated-by.ts';
export { givenOrAssumed, type Concurrency } from './concurrency.ts';
export { PUBLISHED_SYSTEM } from './published-system.ts';
export { loadsOf, type RankLoad, type RunPlan } from './run-plan.ts';
export { bucketOf, partitionSizes, runPlanOf, type RankFunction } from './payload-plan.ts';
export type { Phases } from './attempt.ts';
export { simulateRun, type SimulatedRank, type SimulatedRun, type Simulation } from './scale-out.ts';
export { quoteArray, type ArrayEngine, type ArrayQuote } from './quote-array.ts';
export { quoteRun, usageOf, type QuoteOptions } from './quote.ts';
export { withinCost } from './within-cost.ts';
export { quoteSchema, type Quote, type Range } from './quote-schema.ts';
export {
  frontierOf,
  pickPoint,
  tunedFields,
  type Precision,
  type TuneGoal,
  type TuneOptions,
  type TunePoint,
} from './tune.ts';
export { reconcile, type ActualRun, type Reconciliation } from './reconcile.ts';
