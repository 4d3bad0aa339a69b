export { runReportHtml, runReportPlots } from './run-page.ts';
export {
  PHASES,
  runReportSchema,
  type Cutout,
  type MachineHistory,
  type Phase,
  type PredictionSample,
  type RankTimeline,
  type RunReport,
} from './run-report.ts';
export {
  costTable,
  rankTable,
  quoteTable,
  rateTable,
  reconciliationTable,
  scoreTable,
  type Cell,
  type Table,
} from './tables.ts';
export { formatBitRate, formatNumber, formatPercent, formatSeconds, formatUsd } from './format.ts';
export { flagTable, scoreComparison } from './flag-table.ts';
export { cutoutPng, encodeFlux, largestResiduals } from './cutouts/cutout-image.ts';
export { luptonComposite, type LuptonOptions } from './cutouts/lupton.ts';
export { graphOf, type MachineGraph, type Transition } from './machine/graph.ts';
export { machineHistory, type RunEvent } from './machine/history.ts';
export { describeMeeting } from './meeting.ts';
export { assembleRunReport, type RunMaterial } from './assemble.ts';
export {
  averageTable,
  benchAnalysisHtml,
  benchAnalysisPlots,
  benchReportHtml,
  benchReportPlots,
  cellTable,
} from './bench/bench-page.ts';
export { benchReportOfRuns, type ComparedRun } from './bench/of-runs.ts';
export { readResultFile, TAKEN, type ResultFile } from './results/result-file.ts';
export { runsIn, titleOf, type NamedResult, type RunContext } from './results/runs-in.ts';
export { DARK, LIGHT, type Theme } from './theme.ts';
