import { parseAs } from '@cosmicai/payload';
import { nameOfCost } from './bill.ts';
import { drawFiles } from './charts/chart.ts';
import { pngOf } from './sharp.ts';
import { frontierTable } from './charts/frontier.ts';
import { plotsOf } from './charts/plots.ts';
import { cutoutPng } from './cutouts/cutout-image.ts';
import { formatBitRate, formatNumber, formatSeconds, formatUsd } from './format.ts';
import { raw, xml, type Markup } from './html/markup.ts';
import { pageHtml } from './html/page.ts';
import { figure, figureOf, keyFigures, list, settings, tableMarkup, unfold, type Section } from './html/parts.ts';
import { classTable, describeOtherAnswers, describeUnknown, flagTable, scoreComparison } from './flag-table.ts';
import { drawMachine } from './machine/draw.ts';
import { describeMeeting } from './meeting.ts';
import { RANKS_NAMED } from './rank-quantiles.ts';
import { runReportSchema, type RunReport } from './run-report.ts';
import { costTable, rankTables, rateTable, reconciliationTable, scoreTable } from './tables.ts';
import { LIGHT, VARIABLES } from './theme.ts';

/** report.html of a run. @throws InvalidInputError when the data are not a run report */
export async function runReportHtml(input: RunReport): Promise<string> {
  const report = parseAs(runReportSchema, input, 'run report');
  const sections = await Promise.all(
    SECTIONS.map(async ({ id, title, of }) => ({
      id,
      title: typeof title === 'string' ? title : title(report),
      content: await of(report),
    })),
  );
  return pageHtml({
    title: `${report.title} – CosmicAI`,
    header: headerOf(report),
    sections: sections.filter((section): section is Section => section.content !== undefined),
    footer: `Made by CosmicAI on ${dateOf(report.generatedAt)}. This page is complete in itself and loads nothing.`,
  });
}

/** The report's plots as files, by name without ending. */
export async function runReportPlots(input: RunReport): Promise<Map<string, { svg: string; png: Buffer }>> {
  const report = parseAs(runReportSchema, input, 'run report');
  const plots = new Map<string, { svg: string; png: Buffer }>();
  for (const chart of plotsOf(report)) plots.set(chart.name, await drawFiles(chart));
  if (report.machine !== null) {
    const svg = drawMachine(report.machine, LIGHT);
    plots.set('state-machine', { svg, png: await pngOf(svg) });
  }
  return plots;
}

function headerOf(report: RunReport): Markup {
  const look = report.status === 'SUCCEEDED' ? 'good' : report.status === 'FAILED' ? 'bad' : 'warn';
  const when = report.startedAt === null ? '' : `, started ${dateOf(report.startedAt)}`;
  const { scores, rates, cost } = report;
  const figures: (readonly [string, string])[] = [
    ['galaxies', formatNumber(report.samples)],
    ['ranks', formatNumber(report.ranks.length)],
    ...(report.wallClockSeconds === null ? [] : [['wall clock', formatSeconds(report.wallClockSeconds)] as const]),
    ...(rates.byWallClock === null
      ? []
      : [
          ['galaxies/s by wall clock', formatNumber(rates.byWallClock.samplesPerSecond, 3)] as const,
          ['bits by wall clock', formatBitRate(rates.byWallClock.bitsPerSecond)] as const,
        ]),
    ...(cost === null ? [] : [[nameOfCost(report), formatUsd(cost.usd)] as const]),
    ...(scores?.precision == null ? [] : [['precision (NMAD)', formatNumber(scores.precision, 3)] as const]),
    ...(scores?.r2 == null ? [] : [['R²', formatNumber(scores.r2, 4)] as const]),
  ];
  return xml`<h1>${report.title}</h1><p class="sub"><span class="status ${look}">${report.status.replaceAll('_', ' ').toLowerCase()}</span> ${report.runId === null ? '' : `run ${report.runId}`}${when}</p>${keyFigures(figures)}${report.proof === null ? null : xml`<p class="sub">${report.proof}</p>`}`;
}

type SectionMaker = (report: RunReport) => Promise<Markup | undefined> | Markup | undefined;

const SECTIONS: readonly { id: string; title: string | ((report: RunReport) => string); of: SectionMaker }[] = [
  { id: 'warnings', title: 'Warnings', of: warnings },
  { id: 'course', title: 'Course of the run', of: course },
  { id: 'ranks', title: 'Ranks', of: ranks },
  { id: 'predictions', title: 'Predictions', of: predictions },
  { id: 'cost', title: (report) => costTable(report).title, of: cost },
  { id: 'quote', title: 'Quote against actual', of: quote },
  { id: 'setup', title: 'Configuration', of: setup },
];

function warnings({ warnings: told, failedRanks, notChecked, notUnderstood }: RunReport): Markup | undefined {
  const more = failedRanks.length - RANKS_NAMED;
  const all = [
    ...failedRanks.slice(0, RANKS_NAMED).map(({ rank, error }) => `Rank ${rank} failed: ${error}`),
    ...(more > 0 ? [`${formatNumber(more)} more ranks failed: summary.json names them.`] : []),
    ...told,
  ];
  if (all.length + notChecked.length + notUnderstood.length === 0) return undefined;
  return xml`${all.length > 0 ? list(all) : null}${notChecked.length > 0 ? xml`<p>Not checked:</p>${list(notChecked)}` : null}${
    notUnderstood.length > 0
      ? unfold(`${notUnderstood.length} fields of the results were not understood`, list(notUnderstood))
      : null
  }`;
}

function course(report: RunReport): Markup | undefined {
  if (report.machine === null) return undefined;
  return figureOf(
    drawMachine(report.machine, VARIABLES),
    'Each state with what became of it, and when it was at work. Solid lines are transitions, dashed ones caught errors.',
    {
      title: 'State machine',
      columns: ['state', 'type', 'status', 'from (s)', 'to (s)', 'retries'],
      rows: report.machine.states.map((state) => [
        state.name,
        state.type,
        state.status,
        state.start,
        state.end,
        state.retries,
      ]),
    },
  );
}

async function ranks(report: RunReport): Promise<Markup> {
  const meeting =
    report.meeting === null ? null : xml`<p>The ranks met over FMI: ${describeMeeting(report.meeting)}.</p>`;
  const plots = await Promise.all(plotsOf(report, 'ranks').map((chart) => figure(chart)));
  return xml`${tableMarkup(rateTable(report))}${meeting}${plots}${rankTables(report).map((table, _, { length }) =>
    unfold(length === 1 ? `Table of all ${formatNumber(report.ranks.length)} ranks` : table.title, tableMarkup(table)),
  )}`;
}

async function predictions(report: RunReport): Promise<Markup | undefined> {
  const { scores, flagged, unflaggedScores, samples, predictions: sample, cutouts, withoutTruth = 0 } = report;
  const { withoutRedshift, classCounts } = report;
  if (scores === null && sample === null && withoutRedshift === undefined) return undefined;
  const drawn = await Promise.all(plotsOf(report, 'predictions').map((chart) => figure(chart)));
  const plots = drawn.length === 0 ? null : xml`<div class="pair">${drawn}</div>`;
  const excluded =
    scores !== null && scores.excluded > withoutTruth
      ? xml`<p class="note">${formatNumber(scores.excluded - withoutTruth)} predictions are left out of the metrics, because the spectroscopic redshift is not usable or the predicted one is not finite.</p>`
      : null;
  const unknown = withoutTruth === 0 ? null : xml`<p class="note">${describeUnknown({ samples, withoutTruth })}</p>`;
  const others =
    withoutRedshift === undefined
      ? null
      : xml`<p class="note">${describeOtherAnswers(classCounts)}</p>${classCounts === undefined ? null : tableMarkup(classTable(classCounts))}`;
  const flags =
    flagged === null || flagged.galaxies === 0
      ? null
      : xml`<h3>Flagged galaxies</h3>${tableMarkup(flagTable({ flagged, samples }))}${
          scores === null || unflaggedScores === null
            ? null
            : xml`<p class="note">${scoreComparison(scores, unflaggedScores)}</p>`
        }`;
  return xml`${scores === null ? null : tableMarkup(scoreTable({ scores }))}${unknown}${others}${excluded}${flags}${plots}${await galaxies(cutouts)}`;
}

async function galaxies(cutouts: RunReport['cutouts']): Promise<Markup | null> {
  if (cutouts.length === 0) return null;
  const items = await Promise.all(
    cutouts.map(async (cutout) => {
      const png = (await cutoutPng(cutout)).toString('base64');
      const dz = (cutout.z_pred - cutout.z_spec) / (1 + cutout.z_spec);
      const words = `Galaxy ${cutout.index} of ${cutout.partition}: spectroscopic redshift ${formatNumber(cutout.z_spec)}, predicted ${formatNumber(cutout.z_pred)}`;
      return xml`<li><img alt="${words}" width="128" height="128" src="data:image/png;base64,${raw(png)}"><b>dz ${dz > 0 ? '+' : ''}${formatNumber(dz, 3)}</b><br>z ${formatNumber(cutout.z_spec)} → ${formatNumber(cutout.z_pred)}<br>${cutout.partition} #${cutout.index}</li>`;
    }),
  );
  return xml`<h3>Galaxies with the largest residuals</h3><p class="note">Composites of the i, r and g bands (Lupton et al. 2004), each stretched by its own sky noise. Look for neighbours, odd colours and artefacts.</p><ul class="galaxies">${items}</ul>`;
}

async function cost(report: RunReport): Promise<Markup | undefined> {
  const { prices, costNote } = report;
  if (report.cost === null && costNote === null) return undefined;
  const source =
    prices === null
      ? null
      : xml`<p class="note">Prices of ${prices.name} (${prices.region}), ${prices.date}. ${prices.source}.</p>`;
  return xml`${report.cost === null ? null : tableMarkup(costTable(report), { total: true })}${
    costNote === null ? null : xml`<p>${costNote}</p>`
  }${source}${await choices(report)}`;
}

/** What else could have been chosen. */
async function choices(report: RunReport): Promise<Markup | null> {
  if (report.frontier === null) return null;
  const { points, basis } = report.frontier;
  const plots = await Promise.all(plotsOf(report, 'cost').map((chart) => figure(chart)));
  const words = `The same partitions on AWS, simulated by ${basis}: choices of world size, memory, child type and concurrency that no other beats in both time and cost. One is picked by cosmicai tune.`;
  return xml`<h3>Time against cost</h3><p class="note">${words}</p>${plots}${unfold('Table of the choices', tableMarkup(frontierTable(points)))}`;
}

function quote(report: RunReport): Markup | undefined {
  const { reconciliation, quoteBasis } = report;
  if (reconciliation.length === 0) return undefined;
  const basis =
    quoteBasis === null
      ? null
      : xml`<p class="note">Before the run, with cold functions on Lambda, by ${quoteBasis}.</p>`;
  return xml`${tableMarkup(reconciliationTable(report))}${basis}`;
}

function setup({ configuration, versions, model, prices }: RunReport): Markup {
  return settings([
    { title: 'Payload', entries: Object.entries(configuration).map(([name, value]) => [name, String(value ?? '–')]) },
    {
      title: 'Model and versions',
      entries: [
        ...(model.name === null ? [] : [['model', model.name] as const]),
        ...model.sha256.map((hash) => ['model SHA-256', hash] as const),
        ...model.arithmetic.map((sentence) => ['arithmetic', sentence] as const),
        ...Object.entries(versions),
        ...(prices === null ? [] : [['prices', `${prices.region}, ${prices.date}`] as const]),
      ],
    },
  ]);
}

function dateOf(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime())
    ? iso
    : `${date.toISOString().slice(0, 10)} ${date.toISOString().slice(11, 16)} UTC`;
}
