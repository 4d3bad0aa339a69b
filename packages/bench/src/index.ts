export {
  BENCH_STATUSES,
  benchReportSchema,
  benchRunSchema,
  type BenchReport,
  type BenchRun,
  type ParsedBenchReport,
} from './bench-run.ts';
export {
  analyseBench,
  compareSizes,
  type BenchAnalysis,
  type BenchCell,
  type Measure,
  type Spread,
  type WorldAverage,
} from './analysis.ts';
export { benchAnalysisSchema } from './analysis-schema.ts';
export { performanceTable } from './performance-table.ts';
export { nameOf, sweepRuns, type SweepAxes, type SweepRun } from './sweep.ts';
