import { batchesOf, checkRange, type ColumnValues, type SampleColumn, type SampleSource } from '../src/index.ts';

/** Columns in memory as a source. */
export function memorySource(
  name: string,
  count: number,
  columns: readonly (readonly [SampleColumn, ColumnValues])[],
): SampleSource {
  const source: SampleSource = {
    name,
    count,
    columns: columns.map(([column]) => column),
    async read(from, to, options) {
      checkRange(source, from, to);
      options?.signal?.throwIfAborted();
      const wanted = columns.filter(([{ name: own }]) => options?.columns?.includes(own) ?? true);
      const values = wanted.map(([column, all]) => {
        const size = column.shape.reduce((product, length) => product * length, 1);
        return [column.name, all.slice(from * size, to * size)] as const;
      });
      return { from, count: to - from, values: new Map(values) };
    },
    batches: (options) => batchesOf(source, options),
    unchecked: () => undefined,
  };
  return source;
}
