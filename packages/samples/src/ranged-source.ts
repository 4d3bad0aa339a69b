import { batchesOf, checkRange } from './batches-of.ts';
import { noValues } from './new-values.ts';
import type { ColumnValues, ExactValues, ReadOptions, SampleColumn, SampleSource } from './source.ts';

/** What a source has, and how any range of its columns is read. */
export interface RangedSource extends Pick<SampleSource, 'name' | 'count' | 'columns' | 'unfit' | 'notes'> {
  /** Why damage could go unnoticed, if it could; known once all samples were read. */
  readonly unchecked: () => string | undefined;
  /** Compares what was read with its sums once all samples were. @throws UnusableFileError when they don't fit */
  readonly check?: ((options: Pick<ReadOptions, 'signal'>) => Promise<void>) | undefined;
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
  /** Numbers of a column with gaps, where its values don't tell them all. */
  readonly exact?: (from: number, to: number, column: SampleColumn) => Promise<ExactValues>;
}

/** A source of a format whose samples are read by ranges of their values. */
export function rangedSource({ unchecked, check, values, exact, ...what }: RangedSource): SampleSource {
  const source: SampleSource = {
    ...what,
    async read(from, to, { signal, columns: names, exact: exactly = [] } = {}) {
      checkRange(source, from, to);
      signal?.throwIfAborted();
      const wanted = source.columns.filter(({ name }) => names?.includes(name) ?? true);
      const isNothing = wanted.length === 0 || from === to;
      const read = isNothing ? undefined : await values(from, to, wanted, signal ? { signal } : {});
      signal?.throwIfAborted();
      const valuesOf = (column: SampleColumn) => read?.get(column.name) ?? noValues(column.type);
      const numbers = new Map<string, ExactValues>();
      for (const column of wanted.filter(({ name, gaps }) => gaps !== undefined && exactly.includes(name)))
        numbers.set(column.name, (await exact?.(from, to, column)) ?? withoutGaps(column, valuesOf(column)));
      return {
        from,
        count: to - from,
        values: new Map(wanted.map((column) => [column.name, valuesOf(column)])),
        ...(numbers.size > 0 && { exact: numbers }),
      };
    },
    batches: (options) => batchesOf(source, options, check),
    unchecked,
  };
  return source;
}

/** The numbers that floats with NaN, or whole numbers of which one stands for none, tell. */
function withoutGaps({ gaps }: SampleColumn, values: ColumnValues): ExactValues {
  return Array.from<string | number | bigint, number | bigint | null>(values, (value) =>
    typeof value === 'string' || Number.isNaN(value) || value === gaps?.blank ? null : value,
  );
}
