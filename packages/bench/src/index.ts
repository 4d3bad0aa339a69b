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
export type { RunFigures, RunToMake, SweepExecution, SweepTarget } from './sweep-target.ts';
export { dataFolders, ownData, simulatedData, type Simulate, type SweptData } from './swept-data.ts';
export { folderTarget, type FolderRuns } from './folder-target.ts';
export { BENCH_FILE, BenchFolder } from './bench-folder.ts';
export { runSweep, sweepReport, type SweepSettings, type SweepWatch } from './run-sweep.ts';
