import type { Chunk, Values } from './column.ts';

/** Some rows of a chunk, in the order that is asked for. */
export function taken({ values }: Chunk, rows: Uint32Array): Chunk {
  return { rows: rows.length, values: values.map((column) => takenValues(column, rows)) };
}

function takenValues(values: Values, rows: Uint32Array): Values {
  if (values instanceof BigInt64Array) {
    const all = new BigInt64Array(rows.length);
    for (const [at, row] of rows.entries()) all[at] = values[row] ?? 0n;
    return all;
  }
  if (Array.isArray(values)) return Array.from(rows, (row) => values[row] ?? null);
  const all = roomAs(values, rows.length);
  for (const [at, row] of rows.entries()) all[at] = values[row] ?? NaN;
  return all;
}

function roomAs(values: Float32Array | Float64Array | Int32Array, length: number): typeof values {
  if (values instanceof Float32Array) return new Float32Array(length);
  return values instanceof Float64Array ? new Float64Array(length) : new Int32Array(length);
}
