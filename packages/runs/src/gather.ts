// What only those load who look at all of a run: it brings what reads predictions and partitions, and prices.
export { billOf } from './gather/bill.ts';
export { calibrationOfModel, type ModelPlace } from './gather/calibration-of-model.ts';
export { calibrationOfRun } from './gather/calibration-of-run.ts';
export { cutoutSchema, encodeFlux, type Cutout } from './gather/cutouts.ts';
export type { RunFrontier } from './gather/frontier-of-run.ts';
export { gatherRun } from './gather/gather-run.ts';
export { readSummary } from './gather/run-files.ts';
export { reportsByRank } from './gather/rank-reports.ts';
export { keepQuote, keepQuoteOfRun, keptQuote } from './gather/kept-quote.ts';
export { predictionsSchema, type PredictionGrids, type RunMaterial } from './gather/run-material.ts';
export { s3UsageOf } from './gather/s3-usage.ts';
export { usageOf, type UsageSources } from './gather/usage.ts';
