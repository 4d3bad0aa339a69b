import { bufferSource } from '@cosmicai/store';
import { hdusOf, tableOf as tableIn } from '@cosmicai/fits';
import type { Column, Table, Values } from '../src/index.ts';
import { EMPTY, ODD, tableOf } from './support/tables.ts';
import { written } from './support/written.ts';

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** The table's header and its rows, as a reader of FITS has them. */
async function read(table: Table) {
  const source = bufferSource('t.fits', await written(table, 'fits'));
  const [, hdu] = await all(hdusOf(source));
  const file = await tableIn(source, hdu!);
  const rows = await file.rows(0, file.count);
  return { header: hdu!.header, file, column: (name: string) => Array.from<unknown>(rows.get(name) ?? []) };
}
/** The reader takes columns in the heap whose arrays are of one length. */
const FIXED: Table = tableOf(
  await Promise.all(
    ODD.columns
      .filter(({ isList }) => !isList)
      .map(async (column) => {
        const chunks = await all(ODD.chunks([column]));
        return [column, chunks.flatMap(({ values }) => Array.from(values[0] ?? []))] as const;
      }),
  ),
  2,
);
const texts = (name: string, values: Values) =>
  tableOf([[{ ...ODD.columns[0]!, name, kind: 'text' as const, nullable: false }, values]], 3);

describe('a catalogue as FITS', () => {
  it('has the same values; NaN, TNULL and empty texts where there are none', async () => {
    const { header, column } = await read(FIXED);

    expect(column('id')).toEqual([9007199254740993n, -1n, 2n ** 63n - 1n]);
    expect(column('ra')).toEqual([0.1, 359.99999999999994, 180]);
    expect(column('z_pred')).toEqual([Math.fround(0.1), NaN, Infinity]);
    expect(column('z_spec')).toEqual([NaN, NaN, 0.25]);
    expect(column('n')).toEqual([-7, NaN, 2147483647]);
    expect(header.cards.find(({ keyword }) => keyword === 'TNULL6')?.value).toBe(-(2 ** 31));
    expect(column('name').map((name) => decodeURIComponent(String(name)))).toEqual(['a "b", c', '', 'größe 😀']);
  });

  it('says where it is from and what the columns are', async () => {
    const { header, file } = await read(FIXED);
    const cards = (keyword: string) => header.cards.filter((card) => card.keyword === keyword);

    expect(cards('RUNID')).toEqual([{ keyword: 'RUNID', value: 'run-1', comment: 'run that predicted' }]);
    expect(cards('NOTE')[0]?.value).toBe(ODD.facts[1]?.value.toString().replace('−', '-'));
    expect(cards('TUCD3')[0]?.value).toBe('pos.eq.ra;meta.main');
    expect(file.columns.find(({ name }) => name === 'ra')).toMatchObject({ unit: 'deg' });
    expect(cards('COMMENT')).toContainEqual(
      expect.objectContaining({ comment: 'The texts of name are UTF-8 with percent-encoding (RFC 3986).' }),
    );
  });

  it('leaves texts alone where all of a column are printable ASCII, and escapes them all where one is not', async () => {
    expect((await read(texts('t', ['100 %', 'a b', '']))).column('t')).toEqual(['100 %', 'a b', '']);
    expect((await read(texts('t', ['100 %', 'a ', 'é\n']))).column('t')).toEqual(['100%20%25', 'a%20', '%C3%A9%0A']);
  });

  it('has texts of any length, in a heap where few of them are long', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'x'.repeat(5000)];
    const bytes = await written(texts('t', names), 'fits');
    const table = bytes.subarray(2 * 2880);

    expect(/TFORM1 {2}= '([^']*)'/.exec(bytes.toString('latin1'))?.[1]).toBe('1PA(5000)');
    const text = (row: number) => {
      const [length, at] = [table.readInt32BE(8 * row), table.readInt32BE(8 * row + 4)];
      return table.toString('latin1', 48 + at, 48 + at + length);
    };
    expect(names.map((_, row) => text(row))).toEqual(names);
  });

  it('has lists of one length in the rows', async () => {
    const pdf = ODD.columns.find(({ name }) => name === 'pdf')!;
    const { file, column } = await read(tableOf([[pdf, [[1, 2], null, [3, 4]]]], 2));

    expect(file.columns[0]).toMatchObject({ shape: [2] });
    expect(column('pdf')).toEqual([1, 2, NaN, NaN, 3, 4]);
  });

  it('tells names apart that differ by case alone', async () => {
    const column = (name: string): [Column, Values] => [{ ...ODD.columns[5]!, name, nullable: false }, [1]];

    const { file } = await read(tableOf([column('id'), column('ID'), column('Id')], 1));
    expect(file.columns.map(({ name }) => name)).toEqual(['id', 'ID_2', 'Id_3']);
  });

  it('is whole without a row', async () => {
    const { file } = await read(EMPTY);

    expect(file.count).toBe(0);
    expect((await written(EMPTY, 'fits')).length % 2880).toBe(0);
  });
});
