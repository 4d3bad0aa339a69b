import { bufferSource } from '@cosmicai/store';
import {
  BinaryTable,
  FitsSum,
  hdusOf,
  parseCards,
  tableOf,
  type Hdu,
  type TableCell,
  type TableColumn,
} from '../src/index.ts';

const column = (name: string, type: TableColumn['type'], more: Partial<TableColumn> = {}): TableColumn => ({
  ...{ name, type, items: 1, isVariable: false, isNullable: false },
  ...more,
});

/** A whole file, its rows handed over in the two steps that are asked for. */
function file(
  columns: readonly TableColumn[],
  values: readonly (readonly TableCell[])[],
  heapBytes = 0,
  firstRows = 1,
): Buffer {
  const rows = values[0]?.length ?? 0;
  const table = new BinaryTable(columns, { rows, heapBytes, cards: [{ keyword: 'RUNID', value: 'r-1' }], name: 'T' });
  const parts = [
    [0, Math.min(firstRows, rows)],
    [Math.min(firstRows, rows), rows],
  ] as const;
  const heaped = values.filter((_, place) => columns[place]?.isVariable);
  const written = (what: 'rows' | 'heap', all: readonly (readonly TableCell[])[]) =>
    parts.map(([from, to]) =>
      table[what](
        all.map((cells) => cells.slice(from, to)),
        to - from,
      ),
    );
  const data = [...written('rows', values), ...written('heap', heaped), table.padding()];
  const sum = new FitsSum();
  for (const bytes of data) sum.add(bytes);
  return Buffer.concat([table.header(sum.value), ...data]);
}

/** Header cards and data of the table, by the rules of the standard alone. */
function read(bytes: Buffer) {
  expect(bytes.length % 2880).toBe(0);
  const header = parseCards(bytes.subarray(2880));
  const value = (keyword: string) => header.cards.find((card) => card.keyword === keyword)?.value;
  const headerBytes = 2880 * Math.ceil(((header.cards.length + 1) * 80) / 2880);
  return { value, data: bytes.subarray(2880 + headerBytes) };
}

describe('a binary table', () => {
  it('has every type of value big-endian, row by row', () => {
    const bytes = file(
      [
        column('ok', 'L'),
        column('n', 'J', { isNullable: true }),
        column('id', 'K', { isNullable: true }),
        column('z', 'E'),
        column('ra', 'D', { unit: 'deg', ucd: 'pos.eq.ra', description: 'right ascension' }),
        column('name', 'A', { items: 3 }),
        column('pdf', 'E', { items: 2 }),
      ],
      [
        [true, false, null],
        [-7, 2 ** 31 - 1, null],
        [9007199254740993n, -1n, null],
        [0.1, NaN, null],
        [359.5, -Infinity, null],
        ['abc', 'x', null],
        [[0.5, 0.25], Float32Array.of(1, 2), null],
      ],
    );
    const { value, data } = read(bytes);

    expect(value('XTENSION')).toBe('BINTABLE');
    expect([value('NAXIS1'), value('NAXIS2'), value('PCOUNT'), value('TFIELDS')]).toEqual([36, 3, 0, 7]);
    expect(Array.from({ length: 7 }, (_, at) => value(`TFORM${at + 1}`))).toEqual([
      '1L',
      '1J',
      '1K',
      '1E',
      '1D',
      '3A',
      '2E',
    ]);
    expect([value('TUNIT5'), value('TUCD5'), value('TCOMM5')]).toEqual(['deg', 'pos.eq.ra', 'right ascension']);
    expect([value('TNULL2'), value('TNULL3'), value('TNULL4')]).toEqual([-(2 ** 31), -(2n ** 63n), undefined]);
    expect(value('RUNID')).toBe('r-1');

    const first = data.subarray(0, 36);
    expect([first[0], first.readInt32BE(1), first.readBigInt64BE(5)]).toEqual([0x54, -7, 9007199254740993n]);
    expect([first.readFloatBE(13), first.readDoubleBE(17)]).toEqual([Math.fround(0.1), 359.5]);
    expect([first.toString('latin1', 25, 28), first.readFloatBE(28), first.readFloatBE(32)]).toEqual([
      'abc',
      0.5,
      0.25,
    ]);
    const second = data.subarray(36, 72);
    expect([second[0], second.readInt32BE(1), second.readFloatBE(13)]).toEqual([0x46, 2 ** 31 - 1, NaN]);
    expect(second.toString('latin1', 25, 28)).toBe('x\0\0');
    const third = data.subarray(72, 108);
    expect([third[0], third.readInt32BE(1), third.readBigInt64BE(5)]).toEqual([0, -(2 ** 31), -(2n ** 63n)]);
    expect([third.readFloatBE(13), third.readDoubleBE(17), third.readFloatBE(28)]).toEqual([NaN, NaN, NaN]);
    expect(data.subarray(108).every((byte) => byte === 0)).toBe(true);
  });

  it.each([0, 1, 2, 3])('has columns of variable length in the heap, handed over after %i rows', (firstRows) => {
    const bytes = file(
      [
        column('name', 'A', { items: 4, isVariable: true }),
        column('id', 'J'),
        column('pdf', 'E', { items: 2, isVariable: true }),
      ],
      [
        ['abcd', '', 'x'],
        [1, 2, 3],
        [[0.5], null, [1, 2]],
      ],
      4 + 4 + 1 + 8,
      firstRows,
    );
    const { value, data } = read(bytes);
    const heap = data.subarray(60);
    const text = (row: number) => {
      const [items, at] = [data.readInt32BE(20 * row), data.readInt32BE(20 * row + 4)];
      return heap.toString('latin1', at, at + items);
    };
    const list = (row: number) => {
      const [items, at] = [data.readInt32BE(20 * row + 12), data.readInt32BE(20 * row + 16)];
      return Array.from({ length: items }, (_, item) => heap.readFloatBE(at + 4 * item));
    };

    expect([value('TFORM1'), value('TFORM3'), value('PCOUNT')]).toEqual(['1PA(4)', '1PE(2)', 17]);
    expect([text(0), text(1), text(2)]).toEqual(['abcd', '', 'x']);
    expect([list(0), list(1), list(2)]).toEqual([[0.5], [], [1, 2]]);
  });

  it('has wide descriptors where a heap is beyond 2 GiB', () => {
    const table = new BinaryTable([column('name', 'A', { items: 9, isVariable: true })], {
      ...{ rows: 1, heapBytes: 2 ** 31, cards: [], name: 'T' },
    });
    table.rows([['a']], 1);

    expect(table.rowBytes).toBe(16);
    expect(Buffer.from(table.rows([['abc']], 1)).readBigInt64BE(8)).toBe(1n);
    expect(table.header(0).toString('latin1')).toContain("TFORM1  = '1QA(9)  '");
  });

  it('is read by the reader', async () => {
    const source = bufferSource(
      't.fits',
      file(
        [column('id', 'K'), column('name', 'A', { items: 4 })],
        [
          [5n, -6n],
          ['ab', 'c'],
        ],
      ),
    );
    const found: Hdu[] = [];
    for await (const hdu of hdusOf(source)) found.push(hdu);
    const rows = await (await tableOf(source, found[1]!)).rows(0, 2);

    expect(Array.from<unknown>(rows.get('id') ?? [])).toEqual([5n, -6n]);
    expect(rows.get('name')).toEqual(['ab', 'c']);
  });

  it('refuses what its columns have no room for, and a number that stands for none', () => {
    const rows = (more: Partial<TableColumn>, type: TableColumn['type'], cell: TableCell) => () =>
      file([column('x', type, more)], [[cell]]);

    expect(rows({ items: 2 }, 'A', 'abc')).toThrow('x has 3 items in a row, where 2 were said');
    expect(rows({ items: 2 }, 'E', [1])).toThrow('x has 1 items in a row, where 2 were said');
    expect(rows({ isNullable: true }, 'J', -(2 ** 31))).toThrow('stands for none in a FITS table');
    expect(rows({ isNullable: true }, 'K', -(2n ** 63n))).toThrow('stands for none in a FITS table');
    expect(rows({}, 'K', -(2n ** 63n))).not.toThrow();
  });
});
