import { EMPTY, ODD, tableOf } from './support/tables.ts';
import { written } from './support/written.ts';
import type { Table } from '../src/index.ts';

/** Reads BINARY2 by the types that the fields say, as section 5.4 of the standard has it. */
async function read(table: Table) {
  const xml = (await written(table, 'votable')).toString();
  const fields = [...xml.matchAll(/<FIELD ([^>]*)>/g)].map(([, attributes = '']) =>
    Object.fromEntries([...attributes.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value])),
  );
  const [, stream = ''] = /<STREAM encoding="base64">([^<]*)<\/STREAM>/.exec(xml) ?? [];
  const bytes = Buffer.from(stream, 'base64');
  let at = 0;
  const take = (length: number) => bytes.subarray(at, (at += length));
  const one = (datatype = ''): unknown => {
    if (datatype === 'boolean') return take(1).toString();
    if (datatype === 'int') return take(4).readInt32BE();
    if (datatype === 'long') return take(8).readBigInt64BE();
    return datatype === 'float' ? take(4).readFloatBE() : take(8).readDoubleBE();
  };
  const rows: unknown[][] = [];
  while (at < bytes.length) {
    const flags = take(Math.ceil(fields.length / 8));
    const row = fields.map(({ datatype, arraysize }): unknown => {
      if (arraysize === undefined) return one(datatype);
      const length = take(4).readUInt32BE();
      if (datatype === 'unicodeChar')
        return take(2 * length)
          .swap16()
          .toString('utf16le');
      return Array.from({ length }, () => one(datatype));
    });
    rows.push(row.map((value, place) => ((flags[place >> 3]! << (place & 7)) & 0x80 ? null : value)));
  }
  return { xml, fields, rows };
}

describe('a catalogue as VOTable', () => {
  it('has the same values of every kind, and tells nulls from NaN', async () => {
    expect((await read(ODD)).rows).toEqual([
      [9007199254740993n, 'a "b", c', 0.1, Math.fround(0.1), null, -7, 'T', [0.5, 0.25]],
      [-1n, null, 359.99999999999994, NaN, NaN, null, 'F', null],
      [2n ** 63n - 1n, 'größe 😀', 180, Infinity, 0.25, 2147483647, null, []],
    ]);
  });

  it('says where it is from and what the columns are', async () => {
    const { xml, fields } = await read(ODD);

    expect(xml).toContain('<INFO name="run_id" value="run-1">run that predicted</INFO>');
    expect(xml).toContain('value="it\'s −1 &amp; &lt;2&gt;, &quot;q&quot; long');
    expect(xml).toContain('<TABLE name="catalogue" nrows="3">');
    expect(fields[2]).toEqual({ name: 'ra', datatype: 'double', unit: 'deg', ucd: 'pos.eq.ra;meta.main' });
  });

  it('keeps rows beyond a line of base64 together', async () => {
    const id = ODD.columns[0]!;
    const ids = BigInt64Array.from({ length: 20_000 }, (_, row) => BigInt(row) * 3n);

    expect((await read(tableOf([[id, ids]], 777))).rows.flat()).toEqual(Array.from(ids));
  });

  it('shows in its header what XML has no place for', async () => {
    const facts = [{ name: 'odd', keyword: 'ODD', value: 'a\u0000\u001b[1m\uffffb', about: '' }];

    expect((await read({ ...EMPTY, facts })).xml).toContain('value="a\\u0000\\u001b[1m\\uffffb"');
  });

  it('is whole without a row', async () => {
    const { xml, rows } = await read(EMPTY);

    expect(rows).toEqual([]);
    expect(xml).toContain('nrows="0"');
    expect(xml.endsWith('</STREAM></BINARY2></DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n')).toBe(true);
  });
});
