import { parseAs } from '@cosmicai/payload';
import { drawFiles } from '../charts/chart.ts';
import { formatNumber, formatSeconds, formatUsd } from '../format.ts';
import { xml, type Markup } from '../html/markup.ts';
import { pageHtml } from '../html/page.ts';
import { figure, keyFigures, list, settings, tableMarkup, type Section } from '../html/parts.ts';
import type { Table } from '../tables.ts';
import {
  analyseBench,
  type BenchAnalysis,
  type BenchCell,
  type BenchReport,
  benchReportSchema,
  type ParsedBenchReport,
  type Spread,
} from '@cosmicai/bench';
import { benchCharts } from './bench-charts.ts';

/** report.html of a sweep. @throws InvalidInputError when the data are not a bench report */
export async function benchReportHtml(input: BenchReport): Promise<string> {
  const report = parseAs(benchReportSchema, input, 'bench report');
  return pageOf(report, analyseBench(report.runs, report.seed));
}

/** What is shown of a sweep of which only the analysis is left. */
type Frame = Omit<ParsedBenchReport, 'runs'>;

async function pageOf(report: Frame, analysis: BenchAnalysis): Promise<string> {
  const charts = benchCharts(analysis.cells, report.basis);
  const plots = await Promise.all(charts.map(async (chart) => xml`<h3>${chart.title}</h3>${await figure(chart)}`));
  const sections: (Section | undefined)[] = [
    notices(report, analysis),
    plots.length === 0 ? undefined : { id: 'plots', title: 'What it depends on', content: xml`${plots}` },
    { id: 'cells', title: 'Configurations', content: tableMarkup(cellTable(analysis.cells)) },
    { id: 'averages', title: 'Averages by world size', content: tableMarkup(averageTable(analysis)) },
    {
      id: 'setup',
      title: 'Configuration',
      content: settings([
        {
          title: 'Sweep',
          entries: Object.entries(report.configuration).map(([name, value]) => [name, String(value ?? '–')]),
        },
        { title: 'Versions', entries: Object.entries(report.versions) },
      ]),
    },
  ];
  return pageHtml({
    title: `${report.title} – CosmicAI`,
    header: headerOf(report, analysis),
    sections: sections.filter((section) => section !== undefined),
    footer: `Made by CosmicAI on ${report.generatedAt.slice(0, 10)}. This page is complete in itself and loads nothing. Medians with 95 % bootstrap intervals, seed ${report.seed}; every run is a row of performance_table.csv.`,
  });
}

/** report.html of a sweep by its analysis alone, as `bench --json` prints it. */
export function benchAnalysisHtml(
  analysis: BenchAnalysis,
  { title, generatedAt }: Pick<BenchReport, 'title' | 'generatedAt'>,
): Promise<string> {
  return pageOf(
    { title, generatedAt, configuration: {}, versions: {}, warnings: [], seed: 1, basis: 'wall clock' },
    analysis,
  );
}

/** The sweep's plots as files, by name without ending. */
export async function benchReportPlots(input: BenchReport): Promise<Map<string, { svg: string; png: Buffer }>> {
  const report = parseAs(benchReportSchema, input, 'bench report');
  return benchAnalysisPlots(analyseBench(report.runs, report.seed), report.basis);
}

export async function benchAnalysisPlots(
  { cells }: BenchAnalysis,
  basis: ParsedBenchReport['basis'] = 'wall clock',
): Promise<Map<string, { svg: string; png: Buffer }>> {
  const plots = new Map<string, { svg: string; png: Buffer }>();
  for (const chart of benchCharts(cells, basis)) plots.set(chart.name, await drawFiles(chart));
  return plots;
}

function headerOf(report: Frame, analysis: BenchAnalysis): Markup {
  const best = analysis.best_configuration;
  return xml`<h1>${report.title}</h1><p class="sub">${analysis.succeeded} of ${analysis.runs} runs succeeded, ${analysis.cells.length} configurations</p>${keyFigures(
    best === null
      ? []
      : [
          ...(best.throughput_rps === null
            ? []
            : [['best throughput', `${formatNumber(best.throughput_rps.median, 4)} /s`] as const]),
          ['at world size', String(best.world_size)],
          ['and batch size', String(best.batch_size)],
          ...(best.duration_seconds === null ? [] : [['in', formatSeconds(best.duration_seconds.median)] as const]),
          ...(best.cost_usd === null ? [] : [['for', formatUsd(best.cost_usd.median)] as const]),
        ],
  )}`;
}

function notices(report: Frame, analysis: BenchAnalysis): Section | undefined {
  const told = [
    ...(report.basis === 'slowest rank'
      ? [
          'Durations and throughputs are those of the slowest rank, because not all results tell the wall clock of their run.',
        ]
      : []),
    ...report.warnings,
    ...analysis.not_succeeded.map(
      (run) =>
        `World size ${run.world_size}, batch size ${run.batch_size}${run.data_size === null ? '' : `, ${run.data_size}`}${run.partition_size === null ? '' : `, ${run.partition_size}`}, repeat ${run.repeat}: ${run.status.replaceAll('_', ' ').toLowerCase()}${run.error === null ? '' : ` (${run.error})`}`,
    ),
  ];
  return told.length === 0 ? undefined : { id: 'notices', title: 'Warnings', content: list(told) };
}

/** Below this, costs are read more easily in millionths. */
const SMALL_USD = 0.01;

/** A row a configuration: medians with intervals. */
export function cellTable(cells: readonly BenchCell[]): Table {
  const spread = (of: Spread | null, format: (value: number) => string) =>
    of === null
      ? null
      : of.low === null || of.high === null
        ? format(of.median)
        : `${format(of.median)} (${format(of.low)}–${format(of.high)})`;
  const number = (value: number) => formatNumber(value, 3);
  const small = cells.every(({ cost_usd }) => cost_usd === null || cost_usd.median < SMALL_USD);
  return {
    title: 'Configurations',
    columns: [
      'world',
      'batch',
      'data',
      'partition',
      'status',
      'runs',
      'duration (s)',
      'cold (s)',
      'samples/s',
      'memory (MB)',
      small ? 'cost (10⁻⁶ USD)' : 'cost (USD)',
    ],
    figures: [0, 1, 5, 6, 7, 8, 9, 10],
    rows: cells.map((cell) => [
      cell.world_size,
      cell.batch_size,
      cell.data_size,
      cell.partition_size,
      cell.status.replaceAll('_', ' ').toLowerCase(),
      `${cell.succeeded}/${cell.runs}`,
      spread(cell.duration_seconds, number),
      cell.cold_duration_seconds === null ? null : number(cell.cold_duration_seconds),
      spread(cell.throughput_rps, number),
      spread(cell.memory_mb, number),
      spread(cell.cost_usd, (usd) => number(small ? usd * 1e6 : usd)),
    ]),
  };
}

/** The course teams' summary: means over all successful runs of a world size. */
export function averageTable({ averages_by_world_size }: Pick<BenchAnalysis, 'averages_by_world_size'>): Table {
  const number = (value: number | null) => (value === null ? null : formatNumber(value, 4));
  return {
    title: 'Averages by world size',
    columns: ['world size', 'runs', 'duration (s)', 'samples/s', 'memory (MB)', 'cost (USD)'],
    figures: [0, 1, 2, 3, 4, 5],
    rows: averages_by_world_size.map((row) => [
      row.world_size,
      row.runs,
      number(row.duration_seconds),
      number(row.throughput_rps),
      number(row.memory_mb),
      row.cost_usd === null ? null : row.cost_usd.toPrecision(3),
    ]),
  };
}
