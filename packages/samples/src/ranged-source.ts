import { batchesOf, checkRange } from './batches-of.ts';
import { noValues } from './new-values.ts';
import type { ColumnValues, ReadOptions, SampleColumn, SampleSource } from './source.ts';

/** What a source has, and how any range of its columns is read. */
export interface RangedSource extends Pick<SampleSource, 'name' | 'count' | 'columns' | 'unfit' | 'notes'> {
  /** Why damage could go unnoticed, if it could. */
  readonly unchecked: string | undefined;
  /**
   * Values of the wanted columns, of which there is at least one, for samples [from, to), which are there and not none. More columns
   * than these may be handed out.
   */
  readonly values: (
    from: number,
    to: number,
    columns: readonly SampleColumn[],
    options: Pick<ReadOptions, 'signal'>,
  ) => Promise<ReadonlyMap<string, ColumnValues>>;
}

/** A source of a format that has no sums to check samples by. */
export function rangedSource({ unchecked, values, ...what }: RangedSource): SampleSource {
  const source: SampleSource = {
    ...what,
    async read(from, to, { signal, columns: names } = {}) {
      checkRange(source, from, to);
      signal?.throwIfAborted();
      const wanted = source.columns.filter(({ name }) => names?.includes(name) ?? true);
      const isNothing = wanted.length === 0 || from === to;
      const read = isNothing ? undefined : await values(from, to, wanted, signal ? { signal } : {});
      signal?.throwIfAborted();
      const valuesOf = (column: SampleColumn) => read?.get(column.name) ?? noValues(column.type);
      return { from, count: to - from, values: new Map(wanted.map((column) => [column.name, valuesOf(column)])) };
    },
    batches: (options) => batchesOf(source, options),
    unchecked: () => unchecked,
  };
  return source;
}
