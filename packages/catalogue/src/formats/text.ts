import type { Cell, Chunk, Column } from '../table/column.ts';

/** Rows that are put together before they are written. */
const ROWS = 4096;

export type CellText = (cell: Cell) => string;

/** Rows as lines, some thousands in one text. */
export async function* lines(
  chunks: AsyncIterable<Chunk>,
  texts: readonly CellText[],
  separator: string,
): AsyncGenerator<string> {
  for await (const { rows, values } of chunks) {
    for (let from = 0; from < rows; from += ROWS) {
      let text = '';
      for (let row = from; row < Math.min(rows, from + ROWS); row++) {
        for (const [column, cells] of values.entries())
          text += `${column === 0 ? '' : separator}${texts[column]?.(cells[row] ?? null) ?? ''}`;
        text += '\n';
      }
      yield text;
    }
  }
}

/** Numbers as Python, C and SQL read them; all their digits, so that the number that is read is the one that was written. */
export function numberText(value: number | bigint): string {
  if (typeof value === 'bigint' || Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** As RFC 4180 has it; an empty text differs from none, and what others take for a comment is text. */
export function quoted(text: string): string {
  return text === '' || /[",\r\n]|^[\s#]|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A list of numbers as JSON has it, but for NaN and infinities, which Python's JSON knows. */
export function listText(items: ArrayLike<number | bigint>): string {
  return `[${Array.from(items, (item) => (typeof item === 'bigint' || Number.isFinite(item) ? String(item) : Number.isNaN(item) ? 'NaN' : item > 0 ? 'Infinity' : '-Infinity')).join(',')}]`;
}

/** @param truth how true and false are written */
export function cellText({ isList }: Column, truth: readonly [yes: string, no: string]): CellText {
  return (cell) => {
    if (cell === null) return '';
    if (typeof cell === 'string') return quoted(cell);
    if (typeof cell === 'boolean') return truth[cell ? 0 : 1];
    if (typeof cell === 'object') return isList ? `"${listText(cell)}"` : '';
    return numberText(cell);
  };
}
