import { isFitsName, stemOf, type FileObject } from './file-objects.ts';
import type { ObjectTable, TableColumn } from './object-table.ts';

/** Rows of a table with the files of their objects. */
export interface Joined {
  /** The column that tells which file is whose. */
  readonly column: string;
  /** Rows that have files, in the table's order. */
  readonly rows: readonly { readonly row: number; readonly object: FileObject }[];
  /** Rows whose file an earlier row names, too, by what their column says. */
  readonly shared: readonly string[];
  /** Rows without files, by what their column says. */
  readonly missing: readonly string[];
  /** Files that no row names. */
  readonly extra: readonly string[];
}

/** What of a file's name may stand in a table, the whole of it before parts. */
const KEYS: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.split(/[-_. ]+/).at(-1) ?? '',
  (name) => name.split(/[-_. ]+/)[0] ?? '',
  // As tables hold numbers.
  (name) =>
    (name.match(/\d+/g) ?? [])
      .reduce((longest, run) => (run.length > longest.length ? run : longest), '')
      .replace(/^0+(?=\d)/, ''),
];

/** Columns of these names go before others that fit as well. */
const PREFERRED = /file|path|cutout|image|^id$|_id$|id$|name/i;

/**
 * Which file belongs to which row: of all columns of text or whole numbers, and of all parts of the files' names that are different
 * for each file, those that bring together most.
 *
 * @returns undefined where no column names a file
 */
export function joined(table: ObjectTable, objects: readonly FileObject[]): Joined | undefined {
  const indexes = KEYS.flatMap((keyOf) => {
    const index = new Map(objects.map((object) => [keyOf(object.name), object]));
    return index.size === objects.length && !index.has('') ? [index] : [];
  });
  const columns = table.columns
    .filter(({ type, shape }) => shape.length === 0 && (type === 'text' || type.includes('int')))
    .sort((a, b) => Number(PREFERRED.test(b.name)) - Number(PREFERRED.test(a.name)));
  const best = columns
    .flatMap((column) => indexes.map((index) => ({ column, index, found: matches(column, index) })))
    .reduce<Match | undefined>((most, match) => (match.found > (most?.found ?? 0) ? match : most), undefined);
  return best && joinedBy(best, objects);
}

interface Match {
  readonly column: TableColumn;
  readonly index: ReadonlyMap<string, FileObject>;
  /** Different objects that are named. */
  readonly found: number;
}

function matches(column: TableColumn, index: ReadonlyMap<string, FileObject>): number {
  const found = new Set<FileObject>();
  for (const value of column.values) {
    const object = index.get(nameIn(value));
    if (object !== undefined) found.add(object);
  }
  return found.size;
}

function joinedBy({ column, index }: Match, objects: readonly FileObject[]): Joined {
  const rows: { row: number; object: FileObject }[] = [];
  const missing: string[] = [];
  const shared: string[] = [];
  const used = new Set<FileObject>();
  let row = 0;
  for (const value of column.values) {
    const object = index.get(nameIn(value));
    if (object === undefined) missing.push(String(value));
    else {
      if (used.has(object)) shared.push(String(value));
      rows.push({ row, object });
      used.add(object);
    }
    row++;
  }
  const extra = objects
    .filter((object) => !used.has(object))
    .flatMap(({ files }) => files.map(({ file }) => file.name));
  return { column: column.name, rows, shared, missing, extra };
}

/** What a cell says of a file: its name without folders and ending. */
function nameIn(value: string | number | bigint): string {
  const text = String(value).trim();
  return isFitsName(text) || text.includes('/') ? stemOf(text) : text;
}
