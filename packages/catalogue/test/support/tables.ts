import type { Chunk, Column, Table } from '../../src/index.ts';

const column = (name: string, kind: Column['kind'], more: Partial<Column> = {}): Column => ({
  name,
  kind,
  isList: false,
  nullable: false,
  description: `The ${name}`,
  ...more,
});

/** Every kind of column, with what is odd about each, in chunks of two rows and one. */
export const ODD: Table = tableOf(
  [
    [column('id', 'int64', { ucd: 'meta.id;meta.main' }), [9007199254740993n, -1n, 2n ** 63n - 1n]],
    [column('name', 'text', { nullable: true }), ['a "b", c', null, 'größe 😀']],
    [column('ra', 'float64', { unit: 'deg', ucd: 'pos.eq.ra;meta.main' }), [0.1, 359.99999999999994, 180]],
    [column('z_pred', 'float32'), [Math.fround(0.1), NaN, Infinity]],
    [column('z_spec', 'float64', { nullable: true }), [null, NaN, 0.25]],
    [column('n', 'int32', { nullable: true }), [-7, null, 2147483647]],
    [column('ok', 'boolean', { nullable: true }), [true, false, null]],
    [column('pdf', 'float32', { isList: true, nullable: true }), [[0.5, 0.25], null, []]],
  ],
  2,
);

/** A table of some columns of a run that has no row. */
export const EMPTY: Table = tableOf(
  ODD.columns.map((each) => [each, []]),
  1,
);

export function tableOf(columns: readonly (readonly [Column, Chunk['values'][number]])[], rows: number): Table {
  const all = columns.map(([each]) => each);
  const count = columns[0]?.[1].length ?? 0;
  return {
    title: 'Odd things',
    columns: all,
    rows: count,
    facts: [
      { name: 'run_id', keyword: 'RUNID', value: 'run-1', about: 'run that predicted' },
      { name: 'note', keyword: 'NOTE', value: `it's −1 & <2>, "q"${' long'.repeat(30)}`, about: 'odd text' },
    ],
    async *chunks(asked = all) {
      for (let from = 0; from < count; from += rows) {
        const values = asked.map(
          (wanted) => columns.find(([each]) => each === wanted)?.[1].slice(from, from + rows) ?? [],
        );
        yield await Promise.resolve({ rows: Math.min(rows, count - from), values });
      }
    },
  };
}
