export { runReportHtml, runReportPlots } from './run-page.ts';
export {
  PHASES,
  runReportSchema,
  type MachineHistory,
  type Phase,
  type RankTimeline,
  type RunReport,
} from './run-report.ts';
export {
  costTable,
  rankTable,
  rankTables,
  arrayQuoteTable,
  quoteTable,
  rateTable,
  reconciliationTable,
  scoreTable,
  type Cell,
  type Table,
} from './tables.ts';
export { billJson } from './bill.ts';
export { formatBitRate, formatNumber, formatPercent, formatSeconds, formatUsd } from './format.ts';
export { frontierSvg, frontierTable, settingsOf } from './charts/frontier.ts';
export { describeProbe } from './probe-pairs.ts';
export { describeDistribution } from './charts/redshift-distribution.ts';
export { classTable, describeOtherAnswers, describeUnknown, flagTable, scoreComparison } from './flag-table.ts';
export { cutoutPng } from './cutouts/cutout-image.ts';
export { luptonComposite, type LuptonOptions } from './cutouts/lupton.ts';
export { graphOf, type MachineGraph, type Transition } from './machine/graph.ts';
export { machineHistory, type RunEvent } from './machine/history.ts';
export { describeMeeting } from './meeting.ts';
export { assembleRunReport, type ReportMaterial } from './assemble.ts';
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
export { resultIn } from './results/read-result.ts';
export { sourceAt, sourcesBelow } from './results/result-sources.ts';
export { runsIn, titleOf, type NamedResult, type RunContext } from './results/runs-in.ts';
export { runPage, type Page } from './page.ts';
export { pageOfFiles, readAll, readThoseThatHold, type Additions } from './page-of-files.ts';
export { DARK, LIGHT, type Theme } from './theme.ts';
