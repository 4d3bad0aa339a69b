import type { Column, Table } from './column.ts';

/** How long the values of a column of text or lists are, of text in the form that is to be written. */
export interface Lengths {
  readonly shortest: number;
  readonly longest: number;
  readonly total: number;
  readonly hasNull: boolean;
}

/** What is to be known of a text column before it is written: whether all of it is plain, and its lengths in either form. */
export interface TextLengths {
  readonly isPlain: boolean;
  readonly plain: Lengths;
  readonly escaped: Lengths;
}

interface Sum {
  shortest: number;
  longest: number;
  total: number;
  hasNull: boolean;
}

/** Reads the columns of text and lists once, of the other columns nothing. */
export async function measure(
  table: Table,
  isPlain: (text: string) => boolean,
  escape: (text: string) => string,
): Promise<{ readonly texts: ReadonlyMap<Column, TextLengths>; readonly lists: ReadonlyMap<Column, Lengths> }> {
  const [texts, lists] = [new Map<Column, TextLengths>(), new Map<Column, Lengths>()];
  const columns = table.columns.filter(({ kind, isList }) => kind === 'text' || isList);
  if (columns.length === 0) return { texts, lists };
  const sums = columns.map(() => ({ arePlain: true, plain: nothing(), escaped: nothing() }));
  for await (const { values } of table.chunks(columns)) {
    for (const [place, sum] of sums.entries()) {
      const cells = values[place] ?? [];
      for (const cell of cells) {
        const text = typeof cell === 'string' ? cell : undefined;
        const isLeft = text === undefined || isPlain(text);
        if (!isLeft) sum.arePlain = false;
        const length = text?.length ?? (typeof cell === 'object' && cell !== null ? cell.length : null);
        add(sum.plain, length);
        add(sum.escaped, text === undefined ? length : escape(text).length);
      }
    }
  }
  for (const [place, column] of columns.entries()) {
    const { arePlain = true, plain = nothing(), escaped = nothing() } = sums[place] ?? {};
    if (column.isList) lists.set(column, done(plain));
    else texts.set(column, { isPlain: arePlain, plain: done(plain), escaped: done(escaped) });
  }
  return { texts, lists };
}

function nothing(): Sum {
  return { shortest: Infinity, longest: 0, total: 0, hasNull: false };
}

function add(sum: Sum, length: number | null): void {
  if (length === null) {
    sum.hasNull = true;
    return;
  }
  sum.shortest = Math.min(sum.shortest, length);
  sum.longest = Math.max(sum.longest, length);
  sum.total += length;
}

function done(sum: Sum): Lengths {
  return { ...sum, shortest: Math.min(sum.shortest, sum.longest) };
}
