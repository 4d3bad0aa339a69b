import { UserInputError } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import { parse } from 'csv-parse/sync';
import type { PassingSums } from '@cosmicai/fits';
import type { FoundTable } from '../fits/fits-content.ts';
import type { OpenSamplesOptions } from '../format.ts';
import { newNumbers, put } from '../new-values.ts';
import type { ColumnValues, ReadOptions, SampleColumn } from '../source.ts';

/** Rows of objects, in memory. */
export interface ObjectTable {
  readonly name: string;
  readonly count: number;
  readonly columns: readonly TableColumn[];
  /** No sum (DATASUM) says what its data must be. */
  readonly unsummed?: true;
}

export interface TableColumn extends SampleColumn {
  readonly values: ColumnValues;
}

/** How a table is read. */
export type TableOptions = ReadOptions & Pick<OpenSamplesOptions, 'checkCrc'>;

/** Bytes of a table that is read; what is larger holds more than the numbers of galaxies. */
const MOST_BYTES = 2 ** 30;

export function isCsvName(name: string): boolean {
  return /\.(csv|tsv)$/i.test(name);
}

/**
 * @param file through which the table was found
 * @param checkCrc compare its data with their DATASUM
 * @throws UserInputError when it is too large to be held in memory, FitsFileError when its data don't fit their sum
 */
export async function readFitsTable(
  file: PassingSums,
  { table, of: hdu }: FoundTable,
  { checkCrc = true, ...options }: TableOptions,
): Promise<ObjectTable> {
  checkSize(file.name, table.count * table.rowBytes);
  if (checkCrc) file.watch([hdu]);
  const values = await table.rows(0, table.count, options);
  const { unsummed } = await file.finish(options);
  const columns = table.columns.map(({ name, type, shape, gaps }) => ({
    name,
    type,
    shape,
    ...(gaps && { gaps }),
    values: values.get(name) ?? [],
  }));
  return { name: file.name, count: table.count, columns, ...(unsummed.length > 0 && { unsummed: true }) };
}

/**
 * A file of commas, tabs or semicolons, with names in its first line. Columns of whole numbers are int64, others of numbers float64 with
 * NaN where nothing stands, and all others text; so are whole numbers that begin with 0, or that have gaps and are too large for a double.
 *
 * @throws UserInputError when it is none
 */
export async function readCsvTable(file: ByteSource, options?: ReadOptions): Promise<ObjectTable> {
  checkSize(file.name, file.size);
  const bytes = file.size === 0 ? new Uint8Array(0) : await file.read(0, file.size, options);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const [names = [], ...rows] = recordsOf(file.name, text);
  const taken = new Set<string>();
  for (const name of names) {
    if (name === '' || taken.has(name)) {
      const problem = name === '' ? 'a column without a name' : `two columns named ${name}`;
      throw new UserInputError(`${file.name} has ${problem} in its first line. Name each column there, once.`);
    }
    taken.add(name);
  }
  if (rows.length === 0) throw new UserInputError(`${file.name} has no lines below its names: there are no objects.`);
  const columns = names.map((name, place) => ({
    name,
    shape: [],
    ...typed(rows.map((row) => row[place] ?? '')),
  }));
  return { name: file.name, count: rows.length, columns };
}

function recordsOf(name: string, text: string): string[][] {
  const first = text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  const delimiter = ['\t', ';', ','].find((candidate) => first.includes(candidate)) ?? ',';
  try {
    return parse(text, {
      bom: true,
      delimiter,
      trim: true,
      skip_empty_lines: true,
      comment: '#',
      comment_no_infix: true,
    });
  } catch (error) {
    throw new UserInputError(`${name} is not a CSV file that can be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

const WHOLE = /^[+-]?(0|[1-9]\d*)$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const MISSING = /^(nan|null|none|n\/a|na|-|--)?$/i;
const INT64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };

function typed(cells: readonly string[]): Pick<TableColumn, 'type' | 'values'> {
  if (cells.every((cell) => WHOLE.test(cell))) {
    const numbers = cells.map((cell) => BigInt(cell.replace('+', '')));
    const fits = numbers.every((number) => number >= INT64.least && number <= INT64.most);
    return fits ? { type: 'int64', values: BigInt64Array.from(numbers) } : { type: 'text', values: cells };
  }
  const isNumber = (cell: string) =>
    NUMBER.test(cell) && !/^[+-]?0\d/.test(cell) && (!WHOLE.test(cell) || Number.isSafeInteger(Number(cell)));
  const isNumeric = cells.every((cell) => MISSING.test(cell) || isNumber(cell)) && cells.some((cell) => isNumber(cell));
  return isNumeric
    ? { type: 'float64', values: Float64Array.from(cells, (cell) => (MISSING.test(cell) ? NaN : Number(cell))) }
    : { type: 'text', values: cells };
}

/** The values of some rows. */
export function rowsOf({ values, type, shape }: TableColumn, rows: readonly number[]): ColumnValues {
  const size = shape.reduce((product, length) => product * length, 1);
  if (type === 'text' || !ArrayBuffer.isView(values)) {
    const texts = ArrayBuffer.isView(values) ? [] : values;
    return rows.flatMap((row) => texts.slice(row * size, (row + 1) * size));
  }
  const picked = newNumbers(type, rows.length * size);
  for (const [place, row] of rows.entries()) put(picked, values.subarray(row * size, (row + 1) * size), place * size);
  return picked;
}

function checkSize(name: string, bytes: number): void {
  if (bytes <= MOST_BYTES) return;
  throw new UserInputError(
    `The table ${name} has ${bytes} bytes, and one that goes with cutouts may have ${MOST_BYTES}. Leave out columns that aren't needed.`,
  );
}
