import { once, visibleLines } from '@cosmicai/payload';
import type { TopLevelSpec } from 'vega-lite';
import { xml } from '../html/markup.ts';
import { pngOf } from '../sharp.ts';
import { LIGHT, VARIABLES, type Theme } from '../theme.ts';

/** Hundreds of modules, for those alone who draw. */
const loadVega = once(async () => {
  const { Error: ErrorLevel, parse, View } = await import('vega');
  const { compile } = await import('vega-lite');
  return { ErrorLevel, parse, View, compile };
});

/** A plot before it is drawn: with its words, so that nobody depends on seeing it. */
export interface Chart {
  /** File name without ending, and id in the document. */
  readonly name: string;
  readonly title: string;
  /** What it shows and what is to be seen, in sentences: the text alternative. */
  readonly description: string;
  readonly spec: (theme: Theme) => TopLevelSpec;
  /** The figures behind it, for a table beside it; left out where they are too many to read. */
  readonly data?: {
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | number | null)[])[];
  };
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** Draws a chart with CSS variables for colours, to be put into a document that defines them. */
export async function drawInline(chart: Chart): Promise<string> {
  return draw(chart, VARIABLES);
}

/** Draws a chart as files of its own, in the light theme. */
export async function drawFiles(chart: Chart, theme: Theme = LIGHT): Promise<{ svg: string; png: Buffer }> {
  const svg = await draw(chart, theme);
  return { svg, png: await pngOf(svg) };
}

async function draw(chart: Chart, theme: Theme): Promise<string> {
  const { ErrorLevel, parse, View, compile } = await loadVega();
  const { spec } = compile({ ...chart.spec(theme), config: configOf(theme) });
  const view = new View(parse(spec), { renderer: 'none', logLevel: ErrorLevel });
  try {
    // Labels are of data, and the library only escapes what would be markup.
    return labelled(joinPaths(visibleLines(await view.toSVG())), chart);
  } finally {
    view.finalize();
  }
}

function configOf(theme: Theme): NonNullable<TopLevelSpec['config']> {
  return {
    background: theme.paper,
    font: FONT,
    aria: false,
    padding: 4,
    view: { stroke: null },
    axis: {
      labelColor: theme.muted,
      titleColor: theme.muted,
      gridColor: theme.line,
      domainColor: theme.line,
      tickColor: theme.line,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      titlePadding: 8,
      labelPadding: 4,
      domain: false,
      tickSize: 4,
    },
    legend: {
      labelColor: theme.muted,
      titleColor: theme.muted,
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      symbolStrokeWidth: 0,
      symbolSize: 90,
      labelLimit: 300,
      orient: 'top',
      offset: 14,
    },
    header: { labelColor: theme.muted, titleColor: theme.muted, labelFontSize: 12, titleFontSize: 12 },
    title: { color: theme.ink, fontSize: 13, fontWeight: 600, anchor: 'start', offset: 8 },
    range: { category: [...theme.series] },
  };
}

/**
 * Joins neighbouring paths that look the same. A timeline of 1,000 ranks has thousands of bars in seven colours: as seven
 * paths it opens at once.
 */
function joinPaths(svg: string): string {
  const path = /<path d="([^"]*)"((?: (?:fill|opacity|fill-opacity)="[^"]*")+)\/>/y;
  let joined = '';
  let at = 0;
  let open: { data: string[]; look: string } | undefined;
  const close = () => {
    if (open !== undefined) joined += `<path d="${open.data.join('')}"${open.look}/>`;
    open = undefined;
  };
  while (at < svg.length) {
    path.lastIndex = at;
    const match = path.exec(svg);
    if (match !== null) {
      const [whole, data, look] = match as unknown as [string, string, string];
      if (open?.look !== look) {
        close();
        open = { data: [], look };
      }
      open.data.push(shortened(data));
      at += whole.length;
      continue;
    }
    close();
    const next = svg.indexOf('<path', at + 1);
    const end = next < 0 ? svg.length : next;
    joined += svg.slice(at, end);
    at = end;
  }
  close();
  return joined;
}

/** Hundredths of a pixel are more than anybody sees. */
function shortened(data: string): string {
  return data.replace(/-?\d+\.\d{3,}(?:e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100));
}

/** Words for those who don't see it, and a size that gives way on narrow screens. */
function labelled(svg: string, chart: Chart): string {
  const id = `plot-${chart.name}`;
  return svg.replace(
    /^<svg ([^>]*?)width="([\d.]+)" height="([\d.]+)"([^>]*)>/,
    (_, before: string, width: string, height: string, after: string) =>
      `<svg ${before}width="${width}" height="${height}"${after} role="img" aria-labelledby="${id}-title ${id}-text">` +
      xml`<title id="${id}-title">${chart.title}</title><desc id="${id}-text">${chart.description}</desc>`.text,
  );
}
