import type { Table } from '../../table/column.ts';

/** What begins the names of our own keys. */
const OURS = 'cosmicai.';

/** Facts under keys of our own, and units, descriptors and descriptions of the columns as JSON. */
export function metadataOf({ facts, columns }: Pick<Table, 'facts' | 'columns'>): { key: string; value: string }[] {
  const described = Object.fromEntries(
    columns.map(({ name, unit, ucd, description }) => [name, { unit: unit ?? null, ucd: ucd ?? null, description }]),
  );
  return [
    ...facts.map(({ name, value }) => ({ key: `${OURS}${name}`, value: String(value) })),
    { key: `${OURS}columns`, value: JSON.stringify(described) },
  ];
}
