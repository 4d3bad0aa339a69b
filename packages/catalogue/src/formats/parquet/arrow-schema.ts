import type { KeyValue } from 'hyparquet';
import type { Column, Kind } from '../../table/column.ts';
import { flatbuffer, type Field, type Node } from './flatbuffer.ts';

/** Key of the metadata of a Parquet file in which Arrow looks for what Parquet has no place for. */
export const ARROW_SCHEMA_KEY = 'ARROW:schema';

/**
 * The columns as a schema of Arrow, in whose fields unit, ucd and description stand: an encapsulated message, in base64
 * (https://arrow.apache.org/docs/format/Columnar.html, Schema.fbs and Message.fbs).
 *
 * @param metadata the file's own, which Arrow takes from here alone where there is such a schema
 */
export function arrowSchema(columns: readonly Column[], metadata: readonly KeyValue[]): string {
  const facts = keyValues(metadata.map(({ key, value }) => [key, value]));
  const schema: Node = { table: [LITTLE_ENDIAN, { vector: columns.map(fieldOf) }, facts] };
  const message = flatbuffer({ table: [number(2, VERSION_5), number(1, SCHEMA), schema] });
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(CONTINUES);
  prefix.writeUInt32LE(message.length, 4);
  return Buffer.concat([prefix, message]).toString('base64');
}

const CONTINUES = 0xffffffff;
const VERSION_5 = 4;
const SCHEMA = 1;
const LIST = 12;
const LITTLE_ENDIAN = number(2, 0);

/** The number of a type in Arrow's union, and the table that says more of it. */
const TYPES: Readonly<Record<Kind, readonly [number, Node]>> = {
  boolean: [6, { table: [] }],
  int32: [2, { table: [number(4, 32), number(1, 1)] }],
  int64: [2, { table: [number(4, 64), number(1, 1)] }],
  float32: [3, { table: [number(2, 1)] }],
  float64: [3, { table: [number(2, 2)] }],
  text: [5, { table: [] }],
};

function fieldOf({ name, kind, isList, nullable, unit, ucd, description }: Column): Node {
  const metadata = keyValues(Object.entries({ unit, ucd, description }));
  const [type, more] = TYPES[kind];
  const item: Node = { table: [{ text: 'element' }, number(1, 0), number(1, type), more, undefined, { vector: [] }] };
  return isList
    ? {
        table: [
          { text: name },
          number(1, nullable ? 1 : 0),
          number(1, LIST),
          { table: [] },
          undefined,
          { vector: [item] },
          metadata,
        ],
      }
    : {
        table: [
          { text: name },
          number(1, nullable ? 1 : 0),
          number(1, type),
          more,
          undefined,
          { vector: [] },
          metadata,
        ],
      };
}

function keyValues(entries: readonly (readonly [string, string | undefined])[]): Node {
  return {
    vector: entries.flatMap(([key, value]) =>
      value === undefined ? [] : [{ table: [{ text: key }, { text: value }] }],
    ),
  };
}

function number(bytes: 1 | 2 | 4, value: number): Field {
  return { bytes, value };
}
