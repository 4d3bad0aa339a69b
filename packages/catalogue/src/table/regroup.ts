import type { Chunk, Values } from './column.ts';

/** The same rows in chunks of a given number, of which the last may have fewer. */
export async function* regrouped(chunks: AsyncIterable<Chunk>, rows: number): AsyncGenerator<Chunk> {
  let kept: Chunk[] = [];
  let count = 0;
  for await (const chunk of chunks) {
    let from = 0;
    while (from < chunk.rows) {
      const to = Math.min(chunk.rows, from + rows - count);
      kept.push(part(chunk, from, to));
      count += to - from;
      from = to;
      if (count < rows) continue;
      yield joined(kept);
      [kept, count] = [[], 0];
    }
  }
  if (count > 0) yield joined(kept);
}

function part(chunk: Chunk, from: number, to: number): Chunk {
  if (from === 0 && to === chunk.rows) return chunk;
  return { rows: to - from, values: chunk.values.map((values) => values.slice(from, to)) };
}

/** Chunks of the same columns as one. */
export function joined(chunks: readonly Chunk[]): Chunk {
  const [first, ...more] = chunks;
  if (first === undefined || more.length === 0) return first ?? { rows: 0, values: [] };
  return {
    rows: chunks.reduce((sum, { rows }) => sum + rows, 0),
    values: first.values.map((_, column) => joinedValues(chunks.flatMap(({ values }) => [values[column] ?? []]))),
  };
}

/** Of one type where all are; else a list. */
function joinedValues(parts: readonly Values[]): Values {
  const length = parts.reduce((sum, values) => sum + values.length, 0);
  if (parts.every((values) => values instanceof Float32Array)) return filled(new Float32Array(length), parts);
  if (parts.every((values) => values instanceof Float64Array)) return filled(new Float64Array(length), parts);
  if (parts.every((values) => values instanceof Int32Array)) return filled(new Int32Array(length), parts);
  if (parts.every((values) => values instanceof BigInt64Array)) return filled(new BigInt64Array(length), parts);
  const all: Values = new Array<null>(length);
  let at = 0;
  for (const values of parts) for (const value of values) all[at++] = value;
  return all;
}

function filled<
  Part extends ArrayLike<number> | ArrayLike<bigint>,
  All extends Values & { set(part: Part, at: number): void },
>(all: All, parts: readonly Part[]): All {
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
