import type { Chart } from '../charts/chart.ts';
import { drawInline } from '../charts/chart.ts';
import type { Table } from '../tables.ts';
import { formatNumber } from '../format.ts';
import { raw, xml, type Markup } from './markup.ts';

/** A table of the page; `total` sets its last row apart. */
export function tableMarkup(table: Table, { total = false } = {}): Markup {
  const figures = new Set(table.figures);
  const kind = (column: number) => raw(figures.has(column) ? ' class="n"' : '');
  const head = table.columns.map((name, column) => xml`<th scope="col"${kind(column)}>${name}</th>`);
  const body = table.rows.map((row, at) => {
    const look = raw(total && at === table.rows.length - 1 ? ' class="total"' : '');
    return xml`<tr${look}>${row.map((cell, column) => xml`<td${kind(column)}>${cell ?? '–'}</td>`)}</tr>`;
  });
  return xml`<div class="scroll" tabindex="0" role="region" aria-label="${table.title}"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** A plot with its words, and its figures to unfold. */
export async function figure(chart: Chart): Promise<Markup> {
  return figureOf(await drawInline(chart), chart.description, chart.data && { title: chart.title, ...chart.data });
}

export function figureOf(
  svg: string,
  description: string,
  data?: { title: string; columns: readonly string[]; rows: readonly (readonly (string | number | null)[])[] },
): Markup {
  const table =
    data === undefined
      ? null
      : unfold(
          'Figures of this plot',
          tableMarkup({
            title: `Figures: ${data.title}`,
            columns: data.columns,
            figures: data.columns.flatMap((_, at) =>
              data.rows.some((row) => typeof row[at] === 'string') ? [] : [at],
            ),
            rows: data.rows.map((row) => row.map((cell) => (typeof cell === 'number' ? formatNumber(cell) : cell))),
          }),
        );
  return xml`<figure><div class="scroll">${raw(svg)}</div><figcaption>${description}</figcaption>${table}</figure>`;
}

export function unfold(summary: string, content: Markup): Markup {
  return xml`<details><summary>${summary}</summary>${content}</details>`;
}

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Markup;
}

export function keyFigures(figures: readonly (readonly [name: string, value: string])[]): Markup {
  return xml`<dl class="figures">${figures.map(([name, value]) => xml`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** Names and values, in two columns where there is room. */
export function settings(
  groups: readonly { readonly title: string; readonly entries: readonly (readonly [string, string])[] }[],
): Markup {
  return xml`<div class="settings">${groups
    .filter(({ entries }) => entries.length > 0)
    .map(
      ({ title, entries }) =>
        xml`<div><h3>${title}</h3><table><tbody>${entries.map(([name, value]) => xml`<tr><td>${name}</td><td>${value}</td></tr>`)}</tbody></table></div>`,
    )}</div>`;
}

export function list(items: readonly string[]): Markup {
  return xml`<ul class="plain">${items.map((item) => xml`<li>${item}</li>`)}</ul>`;
}
