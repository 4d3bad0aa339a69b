import { visible } from '@cosmicai/payload';
import Table from 'cli-table3';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

const PLAIN = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A table of plain text: a line of titles, then a line per row. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const table = new Table({
    head: columns.map((column) => column.title),
    colAligns: columns.map((column) => column.align ?? 'right'),
    chars: PLAIN,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push(columns.map((column) => visible(column.cell(row))));
  return table.toString().replace(/[ \t]+$/gm, '');
}

/** Name and value, a line each, values aligned. */
export function formatPairs(pairs: readonly (readonly [name: string, value: string])[]): string {
  const shown = pairs.map((pair) => pair.map(visible) as [string, string]);
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** A line for each; where one has several, as the sentence about a payload may, the others are set in. */
export function formatLines(lines: readonly string[]): string {
  return lines.map(setIn).join('\n');
}

/** Text whose lines but the first are set in: names in it may hold line breaks, and what follows them is not a line of ours. */
export function setIn(text: string): string {
  return text.replaceAll(/\n(?=\S)/g, '\n  ');
}

/** Partition files that were written, a line each. */
export function formatPartitions(
  parts: readonly { readonly name: string; readonly count: number; readonly size: number }[],
): string {
  return formatTable(
    [
      { title: 'file', align: 'left', cell: (part) => part.name },
      { title: 'galaxies', cell: (part) => String(part.count) },
      { title: 'bytes', cell: (part) => String(part.size) },
    ],
    parts,
  );
}
