import type { SchemaElement } from 'hyparquet';
import type { Column, Kind } from '../../table/column.ts';

const TYPES = {
  boolean: { type: 'BOOLEAN' },
  int32: { type: 'INT32' },
  int64: { type: 'INT64' },
  float32: { type: 'FLOAT' },
  float64: { type: 'DOUBLE' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
} as const satisfies Readonly<Record<Kind, Partial<SchemaElement>>>;

/** The schema's elements, depth first; lists are groups of three levels as the Parquet format lays them down. */
export function schemaOf(columns: readonly Column[]): SchemaElement[] {
  return [
    { name: 'root', num_children: columns.length },
    ...columns.flatMap(({ name, kind, isList, nullable }): SchemaElement[] => {
      const repetition = { repetition_type: nullable ? 'OPTIONAL' : 'REQUIRED' } as const;
      if (!isList) return [{ name, ...TYPES[kind], ...repetition }];
      return [
        { name, ...repetition, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', ...TYPES[kind], repetition_type: 'REQUIRED' },
      ];
    }),
  ];
}
