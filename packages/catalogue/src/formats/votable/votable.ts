import type { Chunk, Column, Kind, Table } from '../../table/column.ts';
import type { Format } from '../format.ts';
import { Binary2Rows } from './binary2.ts';
import { element, xmlText } from './xml.ts';

const TYPES: Readonly<Record<Kind, string>> = {
  boolean: 'boolean',
  int32: 'int',
  int64: 'long',
  float32: 'float',
  float64: 'double',
  text: 'unicodeChar',
};

/** VOTable 1.4 (https://www.ivoa.net/documents/VOTable/) with its rows in BINARY2, which keeps all bits and tells null from NaN. */
export const votable: Format = {
  name: 'votable',
  endings: ['.vot', '.votable', '.xml'],
  isText: true,
  async *write(table) {
    yield votableStart(table);
    yield '<DATA><BINARY2><STREAM encoding="base64">\n';
    yield* base64(table.chunks(), new Binary2Rows(table.columns));
    yield '</STREAM></BINARY2></DATA>\n';
    yield votableEnd();
  },
};

/**
 * All that stands before the rows.
 *
 * @param lengths of texts that are all of one length, or filled up, by the name of a column; default: each has its own
 */
export function votableStart(
  { title, rows, columns, facts }: Omit<Table, 'chunks'>,
  lengths: ReadonlyMap<string, number> = new Map(),
): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">',
    '<RESOURCE type="results">',
    `<DESCRIPTION>${xmlText(title)}</DESCRIPTION>`,
    ...facts.map(({ name, value, about }) => `${element('INFO', { name, value })}>${xmlText(about)}</INFO>`),
    `${element('TABLE', { name: 'catalogue', nrows: rows })}>`,
    ...columns.map((column) => field(column, lengths.get(column.name))),
    '',
  ].join('\n');
}

export function votableEnd(): string {
  return '</TABLE>\n</RESOURCE>\n</VOTABLE>\n';
}

function field({ name, kind, isList, unit, ucd, description }: Column, length: number | undefined): string {
  const arraysize = kind === 'text' || isList ? (length ?? '*') : undefined;
  const start = element('FIELD', { name, datatype: TYPES[kind], arraysize, unit, ucd });
  return `${start}><DESCRIPTION>${xmlText(description)}</DESCRIPTION></FIELD>`;
}

/** Bytes of a line of base64; a multiple of three, so that no line but the last is filled up. */
const LINE_BYTES = 48 * 1024;

async function* base64(chunks: AsyncIterable<Chunk>, rows: Binary2Rows): AsyncGenerator<string> {
  let kept = Buffer.alloc(0);
  for await (const chunk of chunks) {
    for (const bytes of rows.encode(chunk)) {
      const all = Buffer.concat([kept, bytes]);
      const whole = all.length - (all.length % LINE_BYTES);
      for (let at = 0; at < whole; at += LINE_BYTES) yield `${all.toString('base64', at, at + LINE_BYTES)}\n`;
      kept = all.subarray(whole);
    }
  }
  if (kept.length > 0) yield `${kept.toString('base64')}\n`;
}
