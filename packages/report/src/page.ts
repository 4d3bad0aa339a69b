import type { BenchAnalysis, BenchReport } from '@cosmicai/bench';
import { benchAnalysisHtml, benchAnalysisPlots, benchReportHtml, benchReportPlots } from './bench/bench-page.ts';
import { runReportHtml, runReportPlots } from './run-page.ts';
import type { RunReport } from './run-report.ts';

/** What `report` writes, whatever it is about. */
export interface Page {
  /** What --json prints. */
  readonly content: object;
  readonly html: () => Promise<string>;
  readonly plots: () => Promise<Map<string, { svg: string; png: Buffer }>>;
}

export function runPage(report: RunReport): Page {
  const said = report.notUnderstood.map((sentence) => `Not understood: ${sentence}`);
  const content = { ...report, warnings: [...new Set([...report.warnings, ...said])] };
  return { content, html: () => runReportHtml(content), plots: () => runReportPlots(content) };
}

export function sweepPage(content: BenchReport): Page {
  return { content, html: () => benchReportHtml(content), plots: () => benchReportPlots(content) };
}

export function analysisPage(content: BenchAnalysis, about: Pick<BenchReport, 'title' | 'generatedAt'>): Page {
  return { content, html: () => benchAnalysisHtml(content, about), plots: () => benchAnalysisPlots(content) };
}
