import type { KeyValue } from 'hyparquet';
import type { Table } from '../../table/column.ts';
import { ARROW_SCHEMA_KEY, arrowSchema } from './arrow-schema.ts';
import { yamlHeader } from '../ecsv.ts';
import { votableEnd, votableStart } from '../votable/votable.ts';

/** What begins the names of our own keys. */
const OURS = 'cosmicai.';

/**
 * Facts under keys of our own, and units, descriptors and descriptions of the columns as JSON; the same for
 * Arrow, astropy (the YAML of
 * ECSV) and for TOPCAT (VOParquet, https://www.ivoa.net/documents/Notes/VOParquet/: a VOTable without rows).
 *
 * @param longest characters of the longest text, by the name of a column
 */
export function metadataOf(table: Omit<Table, 'chunks'>, longest: ReadonlyMap<string, number>): KeyValue[] {
  // Readers of these make room for texts by it.
  const lengths = new Map(
    table.columns.flatMap(({ name, kind }) => (kind === 'text' ? [[name, Math.max(1, longest.get(name) ?? 0)]] : [])),
  );
  const described = Object.fromEntries(
    table.columns.map(({ name, unit, ucd, description }) => [
      name,
      { unit: unit ?? null, ucd: ucd ?? null, description },
    ]),
  );
  const metadata = [
    ...table.facts.map(({ name, value }) => ({ key: `${OURS}${name}`, value: String(value) })),
    { key: `${OURS}columns`, value: JSON.stringify(described) },
    { key: 'table_meta_yaml', value: yamlHeader(table).join('\n') },
    { key: 'IVOA.VOTable-Parquet.version', value: '1.0' },
    { key: 'IVOA.VOTable-Parquet.content', value: `${votableStart(table, lengths)}${votableEnd()}` },
    ...[...lengths].map(([name, length]) => ({ key: `table::len::${name}`, value: String(length) })),
  ];
  return [...metadata, { key: ARROW_SCHEMA_KEY, value: arrowSchema(table.columns, metadata) }];
}
