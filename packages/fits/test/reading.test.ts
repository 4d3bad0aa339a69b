import { bufferSource } from '@cosmicai/store';
import { FitsFileError, hdusOf, imageOf, tableOf, type FitsValues, type Hdu } from '../src/index.ts';
import { axes, bigEndian, hdu, image, primary, table } from './support/files.ts';

const file = (...parts: readonly Uint8Array[]) => bufferSource('sky.fits', Buffer.concat(parts));

async function all(source: ReturnType<typeof file>): Promise<Hdu[]> {
  const found: Hdu[] = [];
  for await (const one of hdusOf(source)) found.push(one);
  return found;
}

/** The HDU behind an empty primary one. */
async function extension(bytes: Uint8Array): Promise<{ source: ReturnType<typeof file>; hdu: Hdu }> {
  const source = file(primary(), bytes);
  const [, found] = await all(source);
  if (found === undefined) throw new Error('no extension');
  return { source, hdu: found };
}

async function readImage(values: Parameters<typeof image>[0], data: Uint8Array) {
  const { source, hdu: found } = await extension(image(values, data));
  const opened = imageOf(source, found);
  return { type: opened.type, shape: opened.shape, pixels: await opened.pixels() };
}

async function readTable(bytes: Uint8Array) {
  const { source, hdu: found } = await extension(bytes);
  const opened = await tableOf(source, found);
  return { ...opened, values: await opened.rows(0, opened.count) };
}

describe('hdusOf', () => {
  it('tells what lies where, and reads headers only', async () => {
    const reads: number[] = [];
    const bytes = Buffer.concat([
      primary({ BITPIX: -32, ...axes(2, 3) }, bigEndian('f4', 1, 2, 3, 4, 5, 6)),
      table(['J'], 1, bigEndian('i4', 7), { ZIMAGE: true }),
      hdu({ XTENSION: 'TABLE', BITPIX: 8, ...axes(5, 2), PCOUNT: 0, GCOUNT: 1 }, Buffer.alloc(10, ' ')),
      hdu({ XTENSION: 'FOREIGN', BITPIX: 16, ...axes(4), PCOUNT: 3, GCOUNT: 2 }, Buffer.alloc(28)),
      image({ BITPIX: 8, NAXIS: 0, EXTNAME: 'NONE' }, Buffer.alloc(0)),
      Buffer.from('whatever follows'),
    ]);
    const source = bufferSource('sky.fits', bytes);
    const found = await all({ ...source, read: (...range) => (reads.push(range[0]), source.read(...range)) });
    expect(found.map(({ kind, start, end }) => [kind, start, end - start])).toEqual([
      ['image', 2880, 24],
      ['compressed', 8640, 4],
      ['ascii-table', 14400, 10],
      ['other', 20160, 28],
      ['empty', 25920, 0],
    ]);
    expect(found.map(({ header }) => header.hdu)).toEqual(['HDU 0', 'HDU 1', 'HDU 2', 'HDU 3', 'HDU 4 (NONE)']);
    expect(reads).toEqual([0]);
  });

  it('skips data that lies beyond what it reads at once', async () => {
    const data = Buffer.alloc(100 * 2880);
    const found = await all(
      file(primary({ BITPIX: 8, ...axes(data.length) }, data), image({ BITPIX: 8, ...axes(1) }, Buffer.of(5))),
    );
    expect(found.map(({ start }) => start)).toEqual([2880, 102 * 2880]);
  });

  it('knows random groups as something else', async () => {
    const values = { BITPIX: 16, ...axes(0, 3), GROUPS: true, PCOUNT: 1, GCOUNT: 2 };
    expect(await all(file(primary(values, Buffer.alloc(16))))).toMatchObject([
      { kind: 'other', start: 2880, end: 2896 },
    ]);
  });

  it('reads headers of many blocks', async () => {
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`K${at}`, `END     ${at}`]));
    const [found] = await all(file(primary({ BITPIX: 8, NAXIS: 0, ...many })));
    expect(found?.header.text('K1999')).toBe('END     1999');
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', Buffer.alloc(0), /sky\.fits, byte 0: the file is empty/],
    ['another file', Buffer.alloc(2880, 'x'), /byte 0: no FITS file/],
    ['a file that says it doesn’t conform', hdu({ SIMPLE: false, BITPIX: 8, NAXIS: 0 }), /no FITS file/],
    [
      'a BITPIX of no type',
      primary({ BITPIX: 24, NAXIS: 0 }),
      /HDU 0: BITPIX is 24; expected 8, 16, 32, 64, -32 or -64/,
    ],
    ['no BITPIX', primary({ NAXIS: 0 }), /HDU 0: BITPIX is not there/],
    ['an axis that isn’t there', primary({ BITPIX: 8, NAXIS: 2, NAXIS1: 5 }), /NAXIS2 is not there/],
    ['an axis that is text', primary({ BITPIX: 8, NAXIS: 1, NAXIS1: '5' }), /NAXIS1 is '5'/],
    ['a negative axis', primary({ BITPIX: 8, ...axes(-1) }), /NAXIS1 is -1; expected a whole number of at least 0/],
    ['more bytes than numbers count', primary({ BITPIX: 8, ...axes(2 ** 40, 2 ** 40) }), /bytes of data/],
    [
      'data that ends early',
      primary({ BITPIX: 8, ...axes(2881) }, Buffer.alloc(2880)),
      /the data of HDU 0 ends at byte 8640/,
    ],
    [
      'a header without an end',
      Buffer.alloc(4098 * 2880, 'SIMPLE  =                    T'.padEnd(80)),
      /without END in its first/,
    ],
    [
      'a second header that ends early',
      Buffer.concat([primary(), Buffer.from('XTENSION= ')]),
      /the header of HDU 1 ends at/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    const reading = all(file(bytes));
    await expect(reading).rejects.toThrow(FitsFileError);
    await expect(reading).rejects.toThrow(message);
  });

  it('stops when the signal says so', async () => {
    await expect(hdusOf(file(primary()), { signal: AbortSignal.abort(new Error('enough')) }).next()).rejects.toThrow(
      'enough',
    );
  });
});

describe('imageOf', () => {
  const two = axes(2);
  it.each<[string, Parameters<typeof image>[0], Buffer, string, ArrayLike<number | bigint>]>([
    ['bytes', { BITPIX: 8, ...two }, bigEndian('u1', 0, 255), 'uint8', [0, 255]],
    ['16 bits', { BITPIX: 16, ...two }, bigEndian('i2', -2, 300), 'int16', [-2, 300]],
    ['32 bits', { BITPIX: 32, ...two }, bigEndian('i4', -2, 70000), 'int32', [-2, 70000]],
    ['64 bits', { BITPIX: 64, ...two }, bigEndian('i8', -2n, 2n ** 60n + 1n), 'int64', [-2n, 2n ** 60n + 1n]],
    ['float32', { BITPIX: -32, ...two }, bigEndian('f4', 0.5, NaN), 'float32', [0.5, NaN]],
    ['float64', { BITPIX: -64, ...two }, bigEndian('f8', 0.1, -Infinity), 'float64', [0.1, -Infinity]],
    ['signed bytes', { BITPIX: 8, ...two, BZERO: -128 }, bigEndian('u1', 0, 255), 'int8', [-128, 127]],
    [
      '16 bits unsigned',
      { BITPIX: 16, ...two, BSCALE: 1, BZERO: 32768 },
      bigEndian('i2', -32768, 32767),
      'uint16',
      [0, 65535],
    ],
    [
      '32 bits unsigned',
      { BITPIX: 32, ...two, BZERO: 2 ** 31 },
      bigEndian('i4', -1, 0),
      'uint32',
      [2 ** 31 - 1, 2 ** 31],
    ],
    [
      '64 bits unsigned',
      { BITPIX: 64, ...two, BZERO: 2n ** 63n },
      bigEndian('i8', -1n, 1n),
      'uint64',
      [2n ** 63n - 1n, 2n ** 63n + 1n],
    ],
    ['scaled 16 bits', { BITPIX: 16, ...two, BSCALE: 0.25, BZERO: 10 }, bigEndian('i2', 4, -4), 'float32', [11, 9]],
    ['scaled 32 bits', { BITPIX: 32, ...two, BSCALE: 0.1 }, bigEndian('i4', 3, 1), 'float64', [3 * 0.1, 0.1]],
    ['scaled 64 bits', { BITPIX: 64, ...two, BSCALE: 2 }, bigEndian('i8', 3n, 1n), 'float64', [6, 2]],
    ['scaled floats', { BITPIX: -32, ...two, BSCALE: 2, BZERO: 1 }, bigEndian('f4', 3, NaN), 'float32', [7, NaN]],
    ['missing pixels', { BITPIX: 16, ...two, BLANK: -1 }, bigEndian('i2', 4, -1), 'float32', [4, NaN]],
    ['missing bytes', { BITPIX: 8, ...two, BLANK: 0, BSCALE: 2 }, bigEndian('u1', 4, 0), 'float32', [8, NaN]],
    [
      'missing pixels, unsigned',
      { BITPIX: 16, ...two, BLANK: -1, BZERO: 32768 },
      bigEndian('i2', 1, -1),
      'float32',
      [32769, NaN],
    ],
    [
      'BLANK of floats, which means nothing',
      { BITPIX: -32, ...two, BLANK: 4 },
      bigEndian('f4', 4, 5),
      'float32',
      [4, 5],
    ],
  ])('reads %s', async (_, values, data, type, pixels) => {
    const found = await readImage(values, data);
    expect(found.type).toBe(type);
    expect([...found.pixels]).toEqual(pixels);
  });

  it('has the slowest axis first, and reads any range', async () => {
    const source = file(primary({ BITPIX: 16, ...axes(2, 3, 4) }, bigEndian('i2', ...Array(24).keys())));
    const [found] = await all(source);
    const cube = imageOf(source, found!);
    expect(cube.shape).toEqual([4, 3, 2]);
    expect([...(await cube.pixels(6, 9))]).toEqual([6, 7, 8]);
    expect(await cube.pixels(24, 24)).toHaveLength(0);
    for (const [from, to] of [
      [-1, 2],
      [0, 25],
      [3, 2],
      [0.5, 2],
    ] as const) {
      await expect(cube.pixels(from, to)).rejects.toThrow(RangeError);
    }
  });

  it('refuses a scale that is none, and bytes that change under it', async () => {
    await expect(readImage({ BITPIX: 8, ...two, BSCALE: 'x' }, Buffer.of(1, 2))).rejects.toThrow(
      /HDU 1: BSCALE is 'x'/,
    );
    const { source, hdu: found } = await extension(image({ BITPIX: 8, ...two }, Buffer.of(1, 2)));
    const shorter = { ...source, read: () => Promise.resolve(Buffer.of(1)) };
    await expect(imageOf(shorter, found).pixels()).rejects.toThrow(FitsFileError);
  });
});

describe('tableOf', () => {
  it.each<[string, Buffer, unknown, FitsValues | readonly unknown[]]>([
    ['bytes', table(['2B'], 2, bigEndian('u1', 1, 2, 3, 4)), { type: 'uint8', shape: [2] }, [1, 2, 3, 4]],
    ['16 bits', table(['I'], 2, bigEndian('i2', -1, 1)), { type: 'int16', shape: [] }, [-1, 1]],
    ['32 bits', table(['1J'], 2, bigEndian('i4', -1, 1)), { type: 'int32', shape: [] }, [-1, 1]],
    ['64 bits', table(['K'], 1, bigEndian('i8', 2n ** 60n + 1n)), { type: 'int64', shape: [] }, [2n ** 60n + 1n]],
    [
      '64 bits unsigned',
      table(['K'], 1, bigEndian('i8', 0n), { TZERO1: 2n ** 63n }),
      { type: 'uint64', shape: [] },
      [2n ** 63n],
    ],
    ['float32', table(['E'], 2, bigEndian('f4', 0.5, NaN)), { type: 'float32', shape: [] }, [0.5, NaN]],
    ['float64', table(['D'], 1, bigEndian('f8', 0.1)), { type: 'float64', shape: [] }, [0.1]],
    ['complex numbers', table(['C'], 1, bigEndian('f4', 1, 2)), { type: 'float32', shape: [2] }, [1, 2]],
    [
      'complex doubles',
      table(['2M'], 1, bigEndian('f8', 1, 2, 3, 4)),
      { type: 'float64', shape: [2, 2] },
      [1, 2, 3, 4],
    ],
    ['logicals', table(['3L'], 1, Buffer.from('TF\0')), { type: 'bool', shape: [3] }, [1, 0, 0]],
    [
      'bits',
      table(['11X'], 1, Buffer.of(0b10000001, 0b01000000)),
      { type: 'bool', shape: [11] },
      [1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0],
    ],
    ['texts', table(['4A'], 3, Buffer.from(' ab cd\0xefgh')), { type: 'text', shape: [] }, [' ab', 'cd', 'efgh']],
    [
      'arrays of texts',
      table(['4A'], 1, Buffer.from('abc '), { TDIM1: '(2,2)' }),
      { type: 'text', shape: [2] },
      ['ab', 'c'],
    ],
    ['arrays of texts by width', table(['6A3'], 1, Buffer.from('abcde ')), { type: 'text', shape: [2] }, ['abc', 'de']],
    [
      'cubes',
      table(['6B'], 1, Buffer.of(1, 2, 3, 4, 5, 6), { TDIM1: '( 3, 2 )' }),
      { type: 'uint8', shape: [2, 3] },
      [1, 2, 3, 4, 5, 6],
    ],
    [
      'scaled numbers',
      table(['I'], 2, bigEndian('i2', 4, 9), { TSCAL1: 0.5, TZERO1: 1, TNULL1: 9 }),
      { type: 'float64', shape: [] },
      [3, NaN],
    ],
    [
      'whole numbers, some missing',
      table(['J'], 2, bigEndian('i4', 4, 9), { TNULL1: 9 }),
      { type: 'float64', shape: [], gaps: { type: 'int32' } },
      [4, NaN],
    ],
    [
      'names, which stay whole',
      table(['K'], 2, bigEndian('i8', 4n, 9n), { TNULL1: 9 }),
      { type: 'int64', shape: [], gaps: { type: 'int64', blank: 9n } },
      [4n, 9n],
    ],
    [
      'names without a sign, which stay whole',
      table(['K'], 2, bigEndian('i8', 4n, 9n), { TNULL1: 9, TZERO1: 2n ** 63n }),
      { type: 'uint64', shape: [], gaps: { type: 'uint64', blank: 2n ** 63n + 9n } },
      [2n ** 63n + 4n, 2n ** 63n + 9n],
    ],
  ])('reads %s', async (_, bytes, column, values) => {
    const found = await readTable(bytes);
    expect(found.columns).toEqual([{ name: 'col1', ...(column as object) }]);
    expect([...found.values.get('col1')!]).toEqual(values);
  });

  it('reads any rows, of columns by name, with units', async () => {
    const rows = [1, 2, 3].map((id) => Buffer.concat([bigEndian('i2', id), bigEndian('f4', id / 4)]));
    const bytes = table(['I', '0J', 'E', '0A'], 3, Buffer.concat(rows), { TTYPE1: 'ID', TTYPE3: 'id', TUNIT3: 'mag' });
    const opened = await readTable(bytes);
    expect([opened.count, opened.rowBytes]).toEqual([3, 6]);
    expect(opened.columns).toEqual([
      { name: 'ID', type: 'int16', shape: [] },
      { name: 'id', type: 'float32', shape: [], unit: 'mag' },
    ]);
    const values = await opened.rows(1, 3);
    expect([...values.get('ID')!]).toEqual([2, 3]);
    expect([...values.get('id')!]).toEqual([0.5, 0.75]);
    for (const [from, to] of [
      [-1, 2],
      [0, 4],
      [2, 1],
      [0.5, 2],
    ] as const) {
      await expect(opened.rows(from, to)).rejects.toThrow(RangeError);
    }
  });

  it('gives columns of the same name numbers', async () => {
    const names = { TTYPE1: 'mag', TTYPE2: 'mag', TTYPE3: 'mag' };
    const { columns } = await readTable(table(['B', 'B', 'B'], 1, Buffer.of(1, 2, 3), names));
    expect(columns.map(({ name }) => name)).toEqual(['mag', 'mag_2', 'mag_3']);
  });

  it.each([
    ['PE(2)', (count: number, at: number) => bigEndian('i4', count, at)],
    ['1QE(2)', (count: number, at: number) => bigEndian('i8', count, at)],
  ])('reads arrays %s behind the rows, in whatever order they lie', async (form, descriptor) => {
    const heap = bigEndian('f4', 5, 6, 1, 2, 3, 4);
    const rows = Buffer.concat([descriptor(2, 8), descriptor(2, 16), descriptor(2, 0)]);
    const { columns, values } = await readTable(table([form], 3, Buffer.concat([rows, heap]), { PCOUNT: heap.length }));
    expect(columns).toEqual([{ name: 'col1', type: 'float32', shape: [2] }]);
    expect([...values.get('col1')!]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('leaves out arrays of several lengths, and refuses those that TFORM says nothing of', async () => {
    const heap = bigEndian('f4', 1, 2, 3);
    const data = Buffer.concat([bigEndian('i4', 2, 0), bigEndian('i4', 1, 8), heap]);
    const columnsOf = async (form: string) => (await readTable(table([form], 2, data, { PCOUNT: 12 }))).columns;
    expect(await columnsOf('PE(3)')).toEqual([]);
    await expect(columnsOf('PE')).rejects.toThrow(/row 1 of col1 has an array of 1 elements; expected 2/);
    const astray = Buffer.concat([bigEndian('i4', 2, 0), bigEndian('i4', 2, 8), heap]);
    await expect(readTable(table(['PE(2)'], 2, astray, { PCOUNT: 12 }))).rejects.toThrow(
      /row 1 .* at byte 8 of the heap/,
    );
  });

  it('reads a table without rows', async () => {
    expect(await readTable(table(['J'], 0, Buffer.alloc(0), { NAXIS1: 4 }))).toMatchObject({
      count: 0,
      columns: [{ type: 'int32' }],
    });
  });

  it.each<[string, Buffer, RegExp]>([
    ['a format that is none', table(['Z'], 1, Buffer.of(1)), /HDU 1: TFORM1 is 'Z'/],
    ['no format', table([], 1, Buffer.of(1), { TFIELDS: 1 }), /TFORM1 is ''/],
    ['rows of another length', table(['J'], 1, Buffer.alloc(5)), /4 bytes a row, and NAXIS1 is 5/],
    [
      'axes that don’t fit',
      table(['6B'], 1, Buffer.alloc(6), { TDIM1: '(2,2)' }),
      /TDIM1 has 4 elements, and TFORM1 6/,
    ],
    ['axes that are none', table(['6B'], 1, Buffer.alloc(6), { TDIM1: '2x3' }), /TDIM1 is '2x3'/],
    ['an axis of 0', table(['6B'], 1, Buffer.alloc(6), { TDIM1: '(0,3)' }), /TDIM1 is '\(0,3\)'/],
    ['a name that is none', table(['B'], 1, Buffer.of(1), { TTYPE1: 5 }), /TTYPE1 is 5; expected a text/],
    ['no number of columns', table(['B'], 1, Buffer.of(1), { TFIELDS: 'one' }), /TFIELDS is 'one'/],
    ['three axes', hdu({ XTENSION: 'BINTABLE', BITPIX: 8, ...axes(1, 1, 1), TFIELDS: 0 }, Buffer.of(1)), /two axes/],
  ])('refuses %s', async (_, bytes, message) => {
    const reading = readTable(bytes);
    await expect(reading).rejects.toThrow(FitsFileError);
    await expect(reading).rejects.toThrow(message);
  });
});

describe('damage', () => {
  const bytes = Buffer.concat([
    primary({ BITPIX: 16, ...axes(2, 2), BZERO: 32768 }, bigEndian('i2', 1, 2, 3, 4)),
    table(['J', '2E'], 2, Buffer.alloc(24), { TTYPE1: 'id', TDIM2: '(1,2)' }),
  ]);

  async function readAll(damaged: Uint8Array): Promise<void> {
    const source = bufferSource('sky.fits', damaged);
    for (const found of await all(source)) {
      if (found.kind === 'image') await imageOf(source, found).pixels();
      if (found.kind !== 'table') continue;
      const opened = await tableOf(source, found);
      await opened.rows(0, opened.count);
    }
  }

  it('is refused wherever a file ends, but between two HDUs', async () => {
    for (let length = 0; length < bytes.length; length += 80) {
      if (length === 2 * 2880) continue;
      await expect(readAll(bytes.subarray(0, length))).rejects.toThrow(FitsFileError);
    }
  });

  it('of any card is read past or refused by name, and nothing else', async () => {
    for (let card = 0; card < 14 * 80; card += 3) {
      const damaged = Buffer.from(bytes);
      const at = (card % 2 === 0 ? 0 : 2 * 2880) + (card >> 1);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (card % 7));
      const outcome = await readAll(damaged).then(
        () => 'read',
        (error: unknown) => (error instanceof FitsFileError ? 'refused' : error),
      );
      expect(['read', 'refused']).toContain(outcome);
    }
  });
});
