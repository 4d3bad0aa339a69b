import type { Hdu } from './hdu.ts';
import { numberReader, wholeType, type FitsNumberType, type NumberReader, type StoredType } from './numbers.ts';

/** A column of a table as it is handed out; arrays have the slowest axis first, as in numpy. */
export interface FitsColumn {
  /** TTYPE, or `col1` … where the table gives no name. */
  readonly name: string;
  readonly type: FitsNumberType | 'bool' | 'text';
  /** Of one row: [] for a single value. */
  readonly shape: readonly number[];
  /** TUNIT. */
  readonly unit?: string;
  /** Of whole numbers with a TNULL: their type, and, of 64 bits, which are handed out as they are, what stands for none. */
  readonly gaps?: { readonly type: FitsNumberType; readonly blank?: bigint };
}

/** How a column lies in the rows. */
export interface ColumnPlace extends FitsColumn {
  /** Of its bytes in a row. */
  readonly offset: number;
  readonly bytes: number;
  readonly cell:
    | { readonly kind: 'numbers'; readonly reader: NumberReader }
    | { readonly kind: 'logical' }
    | { readonly kind: 'bits'; readonly count: number }
    | { readonly kind: 'text'; readonly length: number };
}

/** A column whose arrays lie behind the rows. */
export interface HeapPlace extends Omit<ColumnPlace, 'cell' | 'shape'> {
  /** P or Q: descriptors of two 32-bit or two 64-bit numbers. */
  readonly isWide: boolean;
  readonly reader: NumberReader;
  /** The longest array, as TFORM says; 0 where it doesn't. */
  readonly longest: number;
  /** TDIM, where it is there. */
  readonly dimensions: readonly number[] | undefined;
}

export interface TableColumns {
  readonly columns: readonly ColumnPlace[];
  readonly heap: readonly HeapPlace[];
}

const MOST_COLUMNS = 999;
const FORM = /^(\d*)([LXBIJKAEDCMPQ])(.*)$/;

/** Numbers of a complex one count as an axis of two. */
const STORED: Readonly<Record<string, { readonly stored: StoredType; readonly parts?: 2 }>> = {
  B: { stored: 'uint8' },
  I: { stored: 'int16' },
  J: { stored: 'int32' },
  K: { stored: 'int64' },
  E: { stored: 'float32' },
  D: { stored: 'float64' },
  C: { stored: 'float32', parts: 2 },
  M: { stored: 'float64', parts: 2 },
};

/**
 * The columns of a binary table. Empty ones (repeat count 0), and variable-length ones of text, bits or logicals, are left out.
 *
 * @throws FitsFileError when the header contradicts itself
 */
export function tableColumns({ header }: Hdu, rowBytes: number): TableColumns {
  const count = header.whole('TFIELDS', { most: MOST_COLUMNS });
  const columns: ColumnPlace[] = [];
  const heap: HeapPlace[] = [];
  let offset = 0;
  for (let field = 1; field <= count; field++) {
    const form = header.text(`TFORM${field}`) ?? '';
    const [, digits = '', code = '', rest = ''] = FORM.exec(form.trim().toUpperCase()) ?? [];
    if (code === '') throw header.refusal(`TFORM${field} is '${form}', which is no format of a binary table`);
    const repeat = digits === '' ? 1 : Number(digits);
    const place = { ...named(header, field), offset, bytes: cellBytes(code, repeat) };
    offset += place.bytes;
    if (place.bytes === 0) continue;
    const dimensions = dimensionsOf(header, field);
    if (code === 'P' || code === 'Q') {
      const held = variable(header, field, rest);
      if (held !== undefined) heap.push({ ...place, ...held, isWide: code === 'Q', dimensions });
    } else columns.push({ ...place, ...fixed(header, field, code, repeat, dimensions, rest) });
  }
  if (offset !== rowBytes) throw header.refusal(`its columns have ${offset} bytes a row, and NAXIS1 is ${rowBytes}`);
  const renamed = uniqueNames();
  return { columns: columns.map(renamed), heap: heap.map(renamed) };
}

function named(header: Hdu['header'], field: number): Pick<ColumnPlace, 'name' | 'unit' | 'type'> {
  const unit = header.text(`TUNIT${field}`);
  const name = header.text(`TTYPE${field}`)?.trim() ?? '';
  return { name: name === '' ? `col${field}` : name, type: 'text', ...(unit !== undefined && { unit }) };
}

function cellBytes(code: string, repeat: number): number {
  if (code === 'X') return Math.ceil(repeat / 8);
  return repeat * ({ L: 1, A: 1, B: 1, I: 2, J: 4, K: 8, E: 4, D: 8, C: 8, M: 16, P: 8, Q: 16 }[code] ?? 0);
}

function fixed(
  header: Hdu['header'],
  field: number,
  code: string,
  repeat: number,
  dimensions: readonly number[] | undefined,
  rest: string,
): Pick<ColumnPlace, 'type' | 'shape' | 'cell' | 'gaps'> {
  if (code === 'A') return texts(header, field, repeat, dimensions, rest);
  const axes = dimensions ?? (repeat === 1 ? [] : [repeat]);
  checkDimensions(header, field, axes, repeat);
  if (code === 'L') return { type: 'bool', shape: axes, cell: { kind: 'logical' } };
  if (code === 'X') return { type: 'bool', shape: axes, cell: { kind: 'bits', count: repeat } };
  const { stored = 'uint8', parts } = STORED[code] ?? {};
  const scaling = scalingOf(header, field, stored);
  const reader = numberReader(stored, scaling);
  return {
    type: reader.type,
    shape: parts === undefined ? axes : [...axes, parts],
    cell: { kind: 'numbers', reader },
    ...(scaling.gaps && { gaps: scaling.gaps }),
  };
}

/** A text, or an array of them: by TDIM, whose first number is then their length, or by the convention `60A12`. */
function texts(
  header: Hdu['header'],
  field: number,
  repeat: number,
  dimensions: readonly number[] | undefined,
  rest: string,
): Pick<ColumnPlace, 'type' | 'shape' | 'cell'> {
  const width = /^\d+$/.test(rest) ? Number(rest) : 0;
  const byWidth = width > 0 && width < repeat && repeat % width === 0 ? [repeat / width, width] : [repeat];
  const axes = dimensions ?? byWidth;
  checkDimensions(header, field, axes, repeat);
  return { type: 'text', shape: axes.slice(0, -1), cell: { kind: 'text', length: axes.at(-1) ?? repeat } };
}

function variable(
  header: Hdu['header'],
  field: number,
  rest: string,
): Pick<HeapPlace, 'type' | 'reader' | 'longest'> | undefined {
  const [, code = '', longest = '0'] = /^([BIJKED])(?:\((\d+)\))?$/.exec(rest.trim()) ?? [];
  const stored = STORED[code]?.stored;
  if (stored === undefined) return undefined;
  const reader = numberReader(stored, scalingOf(header, field, stored));
  return { type: reader.type, reader, longest: Number(longest) };
}

function scalingOf(header: Hdu['header'], field: number, stored: StoredType) {
  const scale = Number(header.number(`TSCAL${field}`) ?? 1);
  const zero = header.number(`TZERO${field}`) ?? 0;
  // A missing number is NaN, which makes a column one of floats. Those of 64 bits, which are the names of objects, must stay whole.
  const blank = header.number(`TNULL${field}`);
  const type = wholeType(stored, { scale, zero });
  if (type === undefined || blank === undefined) return { scale, zero, blank };
  const isName = type === 'int64' || type === 'uint64';
  return isName
    ? { scale, zero, gaps: { type, blank: BigInt(blank) + BigInt(zero) } }
    : { scale, zero, blank, gaps: { type } };
}

/** TDIM, slowest axis first; undefined where there is none. */
function dimensionsOf(header: Hdu['header'], field: number): readonly number[] | undefined {
  const text = header.text(`TDIM${field}`);
  if (text === undefined || text.trim() === '') return undefined;
  const sizes = /^\( *(\d+(?: *, *\d+)*) *\)$/.exec(text.trim())?.[1]?.split(',').map(Number);
  if (sizes === undefined || sizes.includes(0))
    throw header.refusal(`TDIM${field} is '${text}'; expected (64,64,5), say`);
  return sizes.reverse();
}

function checkDimensions(header: Hdu['header'], field: number, axes: readonly number[], repeat: number): void {
  const elements = axes.reduce((product, size) => product * size, 1);
  if (elements === repeat) return;
  throw header.refusal(`TDIM${field} has ${elements} elements, and TFORM${field} ${repeat}`);
}

/** Names that occur more than once get a number behind them. */
function uniqueNames(): <Column extends { readonly name: string }>(column: Column) => Column {
  const seen = new Set<string>();
  return (column) => {
    let { name } = column;
    for (let more = 2; seen.has(name); more++) name = `${column.name}_${more}`;
    seen.add(name);
    return { ...column, name };
  };
}
