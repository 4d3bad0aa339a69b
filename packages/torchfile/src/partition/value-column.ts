import { NUMBER_ARRAYS } from '@cosmicai/payload';
import type { DType, TensorData } from '../tensor/dtype.ts';
import { countOf, gather, isContiguous } from '../tensor/layout.ts';
import { toFloat32 } from '../tensor/tensor.ts';
import type { Column, Rows, RowsOptions } from './column.ts';
import type { NameList } from './saved-tensors.ts';

/** Types that values are handed out in: float16 and bfloat16 as float32, which holds all of them. */
export type TableType = Exclude<DType, 'float16' | 'bfloat16'> | 'text';
export type TableValues = TensorData | readonly string[];

/** A tensor with a row for each sample, or a list of names. */
export interface TableColumn {
  /** Of a dict its key; else the place among the tensors: `0`, `1`, … */
  readonly name: string;
  readonly type: TableType;
  /** Of one row. */
  readonly shape: readonly number[];
}

/** A column that can be read. */
export interface ValueColumn extends TableColumn {
  /** Bytes of a row as it is handed out, at most eight a value; of text those of a short one. */
  readonly rowBytes: number;
  values(from: number, to: number, options: RowsOptions): Promise<TableValues>;
}

export function tensorColumn(name: string, column: Column): ValueColumn {
  const shape = column.ref.shape.slice(1);
  const { dtype } = column.ref;
  const type = dtype === 'float16' || dtype === 'bfloat16' ? 'float32' : dtype;
  return {
    name,
    type,
    shape,
    rowBytes: countOf(shape) * 8,
    values: async (from, to, options) => valuesOf(await column.rows(from, to, options)),
  };
}

/** In C order and in a type that JavaScript has; the data themselves where they are that. */
function valuesOf({ dtype, data, layout }: Rows): TensorData {
  const dense = isContiguous(layout)
    ? data.subarray(layout.offset, layout.offset + countOf(layout.shape))
    : gather(data, layout);
  return dtype === 'float16' || dtype === 'bfloat16' ? toFloat32({ dtype, data: dense }) : dense;
}

export function listColumn(name: string, content: NameList): ValueColumn {
  const values = isText(content) ? content : BigInt64Array.from(content);
  return {
    name,
    type: values instanceof BigInt64Array ? 'int64' : 'text',
    shape: [],
    rowBytes: 8,
    values: (from, to) => Promise.resolve(values.slice(from, to)),
  };
}

function isText(names: NameList): names is readonly string[] {
  return names.every((name) => typeof name === 'string');
}

/** Rows that lie this near to each other in the file are read together, with what is between them. */
const NEAR_BYTES = 64 * 1024;

/** Rows of a batch that lie in more places than this are scattered over the file. */
const MOST_RUNS = 8;

/** The rows of a column that a Subset has, in its order. */
export function selectedColumn(column: ValueColumn, indices: Int32Array): ValueColumn {
  const size = countOf(column.shape);
  const near = Math.max(1, Math.floor(NEAR_BYTES / Math.max(1, column.rowBytes)));
  return {
    ...column,
    async values(from, to, options) {
      const wanted = indices.subarray(from, to);
      const runs = runsOf(wanted, near);
      const reading = runs.length > MOST_RUNS ? { ...options, scattered: true } : options;
      const read = await Promise.all(runs.map(([start, end]) => column.values(start, end, reading)));
      const [only] = runs;
      if (only !== undefined && runs.length === 1 && isRun(wanted)) return read[0] ?? [];
      const places = Array.from(wanted, (row) => {
        const run = runs.findLastIndex(([start]) => start <= row);
        return { run, at: (row - (runs[run]?.[0] ?? 0)) * size };
      });
      return joinedValues(
        column,
        places.map(({ run, at }) => read[run]?.slice(at, at + size) ?? []),
      );
    },
  };
}

/** Rows of several columns of one type and shape, one after the other. */
export function joinedColumn(parts: readonly { readonly column: ValueColumn; readonly count: number }[]): ValueColumn {
  const [first] = parts;
  if (first === undefined) throw new RangeError('no columns to join');
  const starts = parts.map((_, place) => parts.slice(0, place).reduce((sum, { count }) => sum + count, 0));
  return {
    ...first.column,
    async values(from, to, options) {
      const pieces = await Promise.all(
        parts.flatMap(({ column, count }, place) => {
          const start = starts[place] ?? 0;
          const [begin, end] = [Math.max(from - start, 0), Math.min(to - start, count)];
          return begin < end ? [column.values(begin, end, options)] : [];
        }),
      );
      const [only, ...more] = pieces;
      return only !== undefined && more.length === 0 ? only : joinedValues(first.column, pieces);
    },
  };
}

/** Whether each row is the one after the last. */
function isRun(rows: Int32Array): boolean {
  return rows.every((row, place) => place === 0 || row === (rows[place - 1] ?? 0) + 1);
}

/** Ranges of rows that cover those that are wanted, apart from each other by more than `near` and in order. */
function runsOf(rows: Int32Array, near: number): (readonly [from: number, to: number])[] {
  const runs: [number, number][] = [];
  for (const row of rows.toSorted()) {
    const last = runs.at(-1);
    if (last !== undefined && row <= last[1] + near) last[1] = Math.max(last[1], row + 1);
    else runs.push([row, row + 1]);
  }
  return runs;
}

function joinedValues({ type }: TableColumn, pieces: readonly TableValues[]): TableValues {
  if (type === 'text') return pieces.flatMap((piece) => Array.from(piece, String));
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const joined = new NUMBER_ARRAYS[type](length);
  let at = 0;
  for (const piece of pieces) {
    // Of one column, so of one type.
    joined.set(piece as unknown as ArrayLike<never>, at);
    at += piece.length;
  }
  return joined;
}
