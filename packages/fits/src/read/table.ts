import type { ByteSource, ReadOptions } from '@cosmicai/store';
import { FitsFileError } from '../errors.ts';
import type { Hdu } from './hdu.ts';
import type { FitsNumbers } from './numbers.ts';
import { readExactly } from './read-exactly.ts';
import { tableColumns, type ColumnPlace, type FitsColumn, type HeapPlace } from './table-columns.ts';

/** Values of a column for consecutive rows, one row after the other, each in C order. Logicals are 0 and 1. */
export type FitsValues = FitsNumbers | readonly string[];

export interface RowsOptions extends ReadOptions {
  /** Names of the columns that are wanted; default: all. */
  readonly columns?: readonly string[] | undefined;
}

/** A binary table that is read by ranges of rows. */
export interface FitsTable {
  /** Rows. */
  readonly count: number;
  /** Bytes of a row. */
  readonly rowBytes: number;
  readonly columns: readonly FitsColumn[];
  /**
   * The columns of rows [from, to), by name. TSCAL and TZERO are applied; TNULL is NaN, in columns of floats therefore, but for
   * whole numbers of 64 bits. Blanks at the end of texts are left out; a logical that is neither true nor false is 0.
   *
   * @throws RangeError when they leave the table
   * @throws FitsFileError when the file has changed, or arrays of one variable-length column have several lengths
   */
  rows(from: number, to: number, options?: RowsOptions): Promise<Map<string, FitsValues>>;
}

/**
 * Opens a binary table. Of its variable-length columns those are there whose arrays are all of one length, as far as the first
 * row and TFORM tell.
 *
 * @throws FitsFileError when the header contradicts itself
 */
export async function tableOf(file: ByteSource, hdu: Hdu, options?: ReadOptions): Promise<FitsTable> {
  const { header, start } = hdu;
  const rowBytes = header.whole('NAXIS1');
  const count = header.whole('NAXIS2');
  if (header.whole('NAXIS') !== 2 || header.whole('BITPIX') !== 8) {
    throw header.refusal('a binary table has BITPIX 8 and two axes');
  }
  const { columns, heap } = tableColumns(hdu, rowBytes);
  const what = `the data of ${header.hdu}`;
  const first = count === 0 ? undefined : await readExactly(file, start, start + rowBytes, what, options);
  const arrays = heap.flatMap((place) => arrayColumn(place, first));
  const heapStart = start + header.whole('THEAP', { otherwise: rowBytes * count });
  return {
    count,
    rowBytes,
    columns: [...columns, ...arrays].map(({ name, type, shape, unit, gaps }) => ({
      name,
      type,
      shape,
      ...(unit !== undefined && { unit }),
      ...(gaps && { gaps }),
    })),
    async rows(from, to, { columns: wanted, ...reading } = {}) {
      if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= count)) {
        throw new RangeError(`rows [${from}, ${to}) of ${header.hdu} in ${file.name}, which has ${count}`);
      }
      const bytes = await readExactly(file, start + from * rowBytes, start + to * rowBytes, what, reading);
      const rows = { bytes, rowBytes, from, count: to - from };
      const isWanted = ({ name }: FitsColumn) => wanted?.includes(name) ?? true;
      const values = new Map<string, FitsValues>(
        columns.filter(isWanted).map((column) => [column.name, valuesOf(column, rows)]),
      );
      for (const column of arrays.filter(isWanted)) {
        values.set(column.name, await heapValues(file, { column, heapStart, end: hdu.end, what }, rows, reading));
      }
      return values;
    },
  };
}

interface Rows {
  readonly bytes: Uint8Array;
  readonly rowBytes: number;
  /** First row. */
  readonly from: number;
  readonly count: number;
}

function valuesOf({ offset, bytes: length, cell }: ColumnPlace, rows: Rows): FitsValues {
  const cells = new Uint8Array(rows.count * length);
  for (let row = 0; row < rows.count; row++) {
    const at = row * rows.rowBytes + offset;
    cells.set(rows.bytes.subarray(at, at + length), row * length);
  }
  if (cell.kind === 'numbers') return cell.reader.read(cells);
  if (cell.kind === 'logical') return cells.map((letter) => (letter === LETTER_T ? 1 : 0));
  if (cell.kind === 'bits') return bitsOf(cells, length, cell.count);
  const letters = Buffer.from(cells.buffer);
  return Array.from({ length: cells.length / cell.length }, (_, place) =>
    textAt(letters, place * cell.length, cell.length),
  );
}

const LETTER_T = 0x54;

/** The highest bit of the first byte is the first one. */
function bitsOf(cells: Uint8Array, length: number, count: number): Uint8Array<ArrayBuffer> {
  const bits = new Uint8Array((cells.length / length) * count);
  for (let at = 0; at < bits.length; at++) {
    const place = at % count;
    const byte = cells[((at - place) / count) * length + (place >> 3)] ?? 0;
    bits[at] = (byte >> (7 - (place & 7))) & 1;
  }
  return bits;
}

/** A text ends at a NUL, or where only blanks are left. */
function textAt(letters: Buffer, at: number, length: number): string {
  const text = letters.toString('latin1', at, at + length);
  const end = text.indexOf('\0');
  return (end === -1 ? text : text.slice(0, end)).replace(/ +$/, '');
}

interface ArrayColumn extends HeapPlace {
  readonly shape: readonly number[];
  readonly length: number;
}

/** A variable-length column as one of arrays of a fixed shape, if the first row is as long as the longest. */
function arrayColumn(place: HeapPlace, first: Uint8Array | undefined): ArrayColumn[] {
  if (first === undefined) return [];
  const { length } = descriptorAt(place, first, 0);
  const fits = length > 0 && (place.longest === 0 || place.longest === length);
  if (!fits) return [];
  const shape = place.dimensions ?? [length];
  return shape.reduce((product, size) => product * size, 1) === length ? [{ ...place, shape, length }] : [];
}

function descriptorAt(
  { offset, isWide }: HeapPlace,
  rows: Uint8Array,
  row: number,
): { readonly length: number; readonly at: number } {
  const view = new DataView(rows.buffer, rows.byteOffset + row + offset, isWide ? 16 : 8);
  return isWide
    ? { length: Number(view.getBigInt64(0)), at: Number(view.getBigInt64(8)) }
    : { length: view.getInt32(0), at: view.getInt32(4) };
}

interface Heap {
  readonly column: ArrayColumn;
  readonly heapStart: number;
  /** Where the data of the HDU ends. */
  readonly end: number;
  readonly what: string;
}

/** Arrays from behind the rows: in one read where they lie one after the other, as nearly all writers have it. */
async function heapValues(
  file: ByteSource,
  { column, heapStart, end, what }: Heap,
  rows: Rows,
  options: ReadOptions | undefined,
): Promise<FitsValues> {
  const size = column.length * column.reader.size;
  const starts = Array.from({ length: rows.count }, (_, row) => {
    const { length, at } = descriptorAt(column, rows.bytes, row * rows.rowBytes);
    const start = heapStart + at;
    if (length === column.length && at >= 0 && start + size <= end) return start;
    const found = length === column.length ? `at byte ${at} of the heap, which ends before` : `of ${length} elements`;
    throw new FitsFileError(
      file.name,
      undefined,
      `${what}: row ${rows.from + row} of ${column.name} has an array ${found}; expected ${column.length} as in the first row`,
    );
  });
  const bytes = new Uint8Array(rows.count * size);
  for (let row = 0; row < rows.count;) {
    let next = row + 1;
    while (next < rows.count && starts[next] === (starts[next - 1] ?? 0) + size) next++;
    const start = starts[row] ?? 0;
    bytes.set(await readExactly(file, start, start + (next - row) * size, what, options), row * size);
    row = next;
  }
  return column.reader.read(bytes);
}
