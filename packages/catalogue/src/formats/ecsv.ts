import type { Column, Kind, Table } from '../table/column.ts';
import { measure } from '../table/measure.ts';
import type { Format } from './format.ts';
import { PERCENT_ENCODED, percentEncoded } from './percent.ts';
import { cellText, lines, quoted, type CellText } from './text.ts';

const TYPES: Readonly<Record<Kind, string>> = {
  boolean: 'bool',
  int32: 'int32',
  int64: 'int64',
  float32: 'float32',
  float64: 'float64',
  text: 'string',
};

/** CSV under a header in YAML (https://github.com/astropy/astropy-APEs/blob/main/APE6.rst). */
export const ecsv: Format = {
  name: 'ecsv',
  endings: ['.ecsv'],
  isText: true,
  async *write(table) {
    const { texts } = await measure(table, isPlain, percentEncoded);
    const encoded = new Set([...texts].flatMap(([column, { isPlain }]) => (isPlain ? [] : [column])));
    const header = ['%ECSV 1.0', '---', "delimiter: ','", ...yamlHeader(table, encoded)];
    yield header.map((line) => `# ${line}\n`).join('');
    yield `${table.columns.map(({ name }) => quoted(name)).join(',')}\n`;
    yield* lines(
      table.chunks(),
      table.columns.map((column) => textOf(column, encoded.has(column))),
      ',',
    );
  },
};

/** Readers take blanks from the ends of texts, and break lines at characters that CSV has no quotes for. */
function isPlain(text: string): boolean {
  return !/^\s|\s$|[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);
}

/** Lines of YAML that say what the columns and the table are, as astropy writes and reads them. */
export function yamlHeader(
  { columns, facts, title }: Pick<Table, 'columns' | 'facts' | 'title'>,
  encoded: ReadonlySet<Column> = new Set(),
): string[] {
  return [
    'datatype:',
    ...columns.map((column) => `- ${yamlColumn(column, encoded.has(column))}`),
    'meta: !!omap',
    ...[{ name: 'title', value: title }, ...facts].map(({ name, value }) => `- {${yaml(name)}: ${yaml(value)}}`),
    'schema: astropy-2.0',
  ];
}

function yamlColumn({ name, kind, isList, unit, ucd, description }: Column, isEncoded: boolean): string {
  const meta = Object.entries({ ucd, encoding: isEncoded ? PERCENT_ENCODED : undefined }).flatMap(([key, value]) =>
    value === undefined ? [] : [`{${key}: ${yaml(value)}}`],
  );
  const fields: [string, string][] = [
    ['name', yaml(name)],
    ...(unit === undefined ? [] : [['unit', yaml(unit)] satisfies [string, string]]),
    ['datatype', isList ? 'string' : TYPES[kind]],
    ...(isList ? [['subtype', yaml(`${TYPES[kind]}[null]`)] satisfies [string, string]] : []),
    ['description', yaml(description)],
    ...(meta.length === 0 ? [] : [['meta', `!!omap [${meta.join(', ')}]`] satisfies [string, string]]),
  ];
  return `{${fields.map(([key, value]) => `${key}: ${value}`).join(', ')}}`;
}

/** A value of YAML: texts as JSON has them, and escaped besides what YAML breaks lines at or doesn't take. */
function yaml(value: string | number): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function textOf(column: Column, isEncoded: boolean): CellText {
  const text = cellText(column, ['True', 'False']);
  return isEncoded ? (cell) => text(typeof cell === 'string' ? percentEncoded(cell) : cell) : text;
}
