import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FitsSum } from '@cosmicai/fits';
import { UserInputError } from '@cosmicai/payload';
import { bufferSource, fileStore } from '@cosmicai/store';
import { describeSampleSource } from '../src/conformance.ts';
import {
  folderIn,
  inputsIn,
  isFolder,
  openGalaxies,
  openSamples,
  type ColumnValues,
  type SampleFolder,
} from '../src/index.ts';
import { compressedTiles, emptyPrimary, float32File, float32Image, floats, int64, table, tan } from './fits-files.ts';
import { galaxies, partitionBytes } from './partitions.ts';

const COUNT = 8;
const SIDE = 4;
const FIRST_ID = 1237648720693755918n;
const idOf = (at: number) => FIRST_ID + BigInt(at);
const pixels = (at: number, bands = 2) =>
  Float32Array.from({ length: bands * SIDE * SIDE }, (_, pixel) => at + pixel / 64);
const cutout = (at: number) => float32File(pixels(at), [2, SIDE, SIDE], tan(150 + at, -2, SIDE));
const each = <Item>(of: (at: number) => Item, count = COUNT) => Array.from({ length: count }, (_, at) => of(at));
const csv = (...lines: readonly string[]) => Buffer.from(`${lines.join('\n')}\n`);

function folder(files: Readonly<Record<string, Uint8Array>>): SampleFolder {
  return {
    name: 'sky',
    files: Object.entries(files).map(([name, bytes]) => ({
      name,
      size: bytes.length,
      open: () => Promise.resolve(bufferSource(`sky/${name}`, bytes)),
    })),
  };
}

const cutouts = (name = (at: number) => `${idOf(at)}.fits`) => Object.fromEntries(each((at) => [name(at), cutout(at)]));
const images = Float32Array.from(each((at) => [...pixels(at)]).flat());
const rowsReversed = each((at) => Buffer.concat([int64(idOf(COUNT - 1 - at)), floats([at / 2])]));
const fitsTable = Buffer.concat([
  emptyPrimary(),
  table(
    [
      ['objid', 'K'],
      ['z', 'E'],
    ],
    rowsReversed,
  ),
]);

describeSampleSource('a folder of FITS cutouts', {
  open: () => openSamples(folder(cutouts())),
  content: new Map<string, ColumnValues>([
    ['image', images],
    ['id', each((at) => String(idOf(at)))],
    ['ra', Float64Array.from(each((at) => 150 + at))],
    ['dec', Float64Array.from(each(() => -2))],
  ]),
});

describeSampleSource('a folder of FITS cutouts with a table in another order', {
  open: () => openSamples(folder({ ...cutouts((at) => `cutout-${idOf(at)}.fit`), 'objects.fits': fitsTable })),
  content: new Map<string, ColumnValues>([
    ['image', Float32Array.from(each((at) => [...pixels(COUNT - 1 - at)]).flat())],
    ['objid', BigInt64Array.from(each((at) => idOf(COUNT - 1 - at)))],
    ['z', Float32Array.from(each((at) => at / 2))],
    ['file', each((at) => `cutout-${idOf(COUNT - 1 - at)}`)],
    ['ra', Float64Array.from(each((at) => 150 + COUNT - 1 - at))],
    ['dec', Float64Array.from(each(() => -2))],
  ]),
});

/** Columns of the first galaxies, as plain values. */
async function read(of: SampleFolder, strict?: boolean) {
  const source = await openSamples(of, { strict });
  const { values } = await source.read(0, source.count);
  return { source, values, notes: () => source.notes?.() };
}

it('a table that is named goes before those that lie in the folder', async () => {
  const bytes = csv('objid,z', ...each((at) => `${idOf(at)},${at / 4}`));
  const named = {
    name: 'other.csv',
    size: bytes.length,
    open: () => Promise.resolve(bufferSource('other.csv', bytes)),
  };
  const both = folder({ ...cutouts(), 'a.csv': csv('x', '1'), 'objects.fits': fitsTable });
  await expect(openSamples(both)).rejects.toThrow(/two tables in sky.*--table/);
  const { values, source } = await read({ ...both, table: named });
  expect(values.get('z')).toEqual(Float64Array.from(each((at) => at / 4)));
  expect(source.count).toBe(COUNT);
});

it('a cutout whose data don’t fit their sum is told, and is no image', async () => {
  const named = (DATASUM: string) => float32File(new Float32Array(2 * SIDE * SIDE), [2, SIDE, SIDE], { DATASUM });
  const { values, notes } = await read(folder({ '1.fits': named('0'), '2.fits': named('17') }));
  expect([...(values.get('image') ?? [])].filter(Number.isNaN)).toHaveLength(2 * SIDE * SIDE);
  expect(notes()).toEqual([expect.stringMatching(/^1 cutout of sky can’t be read.*2\.fits.*don’t fit their DATASUM/)]);
});

it('a table whose data don’t fit their sum is refused, unless sums are not to be compared, and one without is told', async () => {
  const at = fitsTable.indexOf('END'.padEnd(80));
  const summed = (sum: string) => {
    const bytes = Buffer.from(fitsTable);
    const card = `DATASUM = '${sum}'`.padEnd(80);
    const second = fitsTable.indexOf('END'.padEnd(80), at + 80);
    bytes.write(card + 'END'.padEnd(80), second, 'latin1');
    return bytes;
  };
  const start = Math.ceil((fitsTable.indexOf('END'.padEnd(80), at + 80) + 80) / 2880) * 2880;
  const right = String(new FitsSum().add(fitsTable.subarray(start)).value);
  const opened = (bytes: Uint8Array, checkCrc: boolean) =>
    openSamples(folder({ ...cutouts((place) => `cutout-${idOf(place)}.fit`), 'objects.fits': bytes }), { checkCrc });
  await expect(opened(summed('17'), true)).rejects.toThrow(/objects\.fits.*don’t fit their DATASUM/);
  await expect(opened(summed('17'), false)).resolves.toBeDefined();
  expect((await opened(summed(right), true)).unchecked()).toBeUndefined();
  expect((await opened(Buffer.from(fitsTable), true)).unchecked()).toMatch(/no sums \(DATASUM\) of .*objects\.fits/);
});

it('cutouts are read on where sums are not to be compared, and those without sums are told', async () => {
  const named = (cards: object) => float32File(new Float32Array(2 * SIDE * SIDE), [2, SIDE, SIDE], { ...cards });
  const files = folder({ '1.fits': named({}), '2.fits': named({ DATASUM: '17' }) });
  const opened = async (checkCrc: boolean) => {
    const source = await openSamples(files, { checkCrc });
    await source.read(0, 2);
    return [source.notes?.().length, source.unchecked()];
  };
  expect(await opened(false)).toEqual([0, undefined]);
  expect(await opened(true)).toEqual([1, expect.stringMatching(/^no sums \(DATASUM\) of .*1\.fits are there$/)]);
});

describe('files and rows', () => {
  it.each<[string, (at: number) => string, (at: number) => string]>([
    ['whole numbers that the names are', (at) => `${at + 1}.fits`, (at) => String(at + 1)],
    ['names of files', (at) => `gal ${at} stamp.fits`, (at) => `gal ${at} stamp.fits`],
    ['paths of files', (at) => `g${at}.fits`, (at) => `/data/cutouts/g${at}.fits`],
    ['names without an ending', (at) => `ngc.${at}.FITS`, (at) => `ngc.${at}`],
    ['the last word of the names', (at) => `hsc_dr2_x${at}.fits`, (at) => `x${at}`],
    ['the first word of the names', (at) => `x${at}_hsc_cutout.fits`, (at) => `x${at}`],
    [
      'numbers in the names, with zeros in front',
      (at) => `stamp${String(at + 1).padStart(4, '0')}v2.fits`,
      (at) => String(at + 1),
    ],
  ])('find each other by %s', async (_, fileName, cell) => {
    const lines = each((at) => `${9 - at},"${cell(at)}",${at}`).reverse();
    const { values, notes } = await read(folder({ ...cutouts(fileName), 'a.csv': csv('rank,which,mag', ...lines) }));
    expect(values.get('mag')).toEqual(BigInt64Array.from(each((at) => BigInt(COUNT - 1 - at))));
    expect(values.get('image')?.[0]).toBe(COUNT - 1);
    expect(notes()).toEqual([]);
  });

  it('that have no partner are left out, counted and named', async () => {
    const files = {
      ...cutouts(),
      'a.csv': csv('id,mag', ...each((at) => `${idOf(at + 2)},${at}`)),
      'notes.txt': csv('x'),
    };
    const { source, values, notes } = await read(folder(files));
    expect(source.count).toBe(6);
    expect(values.get('id')).toEqual(BigInt64Array.from(each((at) => idOf(at + 2), 6)));
    expect(values.get('image')).toEqual(images.subarray(2 * 2 * SIDE * SIDE));
    expect(notes()).toEqual([
      `2 rows of sky/a.csv without a file, left out: ${idOf(8)}, ${idOf(9)}.`,
      `2 files of sky that sky/a.csv doesn’t name, left out: ${idOf(0)}.fits, ${idOf(1)}.fits.`,
      '1 other file of sky, not read: notes.txt.',
    ]);
    await expect(read(folder(files), true)).rejects.toThrow(/2 rows .*\n2 files .*\n1 other file/);
  });

  it('may be several to one file', async () => {
    const lines = [0, 1, 1, 0].map((at, row) => `${idOf(at)},${row}`);
    const { values, notes } = await read(folder({ ...cutouts(), 'a.csv': csv('id,row', ...lines) }));
    expect(notes()).toEqual([
      `2 rows of sky/a.csv name a file that an earlier row names, too; each is a galaxy of its own: ${idOf(1)}, ${idOf(0)}.`,
      expect.anything(),
    ]);
    const size = 2 * SIDE * SIDE;
    expect(each((row) => values.get('image')?.[row * size], 4)).toEqual([0, 1, 1, 0]);
  });

  it('of bands are one galaxy, in the order of the first', async () => {
    const band = (at: number, name: string) =>
      float32File(
        pixels(at, 1).map((value) => value + (name === 'g' ? 0.5 : 0)),
        [SIDE, SIDE],
      );
    const files = Object.fromEntries(
      each((at) => ['r', 'g'].map((name) => [`${at}_${name}.fits`, band(at, name)] as const)).flat(),
    );
    const { source, values } = await read(
      folder({ ...files, 'a.csv': csv('id', ...each((at) => String(COUNT - 1 - at))) }),
    );
    expect(source.columns[0]).toEqual({ name: 'image', type: 'float32', shape: [2, SIDE, SIDE], parts: ['r', 'g'] });
    const size = SIDE * SIDE;
    expect([0, 1, 2, 3].map((place) => values.get('image')?.[place * size])).toEqual([7, 7.5, 6, 6.5]);
    const lacking = Object.fromEntries(Object.entries(files).filter(([name]) => name !== '3_g.fits'));
    const torn = await read(folder(lacking));
    expect(torn.notes()).toEqual([
      '1 cutout of sky can’t be read, and their galaxies have no image: 3: there is no file of its band g.',
    ]);
    expect(torn.values.get('image')?.[2 * 3 * size]).toBeNaN();
  });
});

describe('a cutout that can’t be read', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['as it is torn', cutout(3).subarray(0, 2900), /sky\/\d+\.fits, byte 2900: the data of HDU 0 ends/],
    ['as it is empty', Buffer.alloc(0), /byte 0: the file is empty/],
    ['as it is something else', Buffer.alloc(2880, 'x'), /no FITS file/],
    ['as it has no image', emptyPrimary(), /has no image/],
    [
      'as it has another shape',
      float32File(pixels(3).subarray(9), [SIDE - 1, SIDE - 1]),
      /its image is \[3, 3\], and those of others \[2, 4, 4\]/,
    ],
    ['as it is in compressed tiles', compressedTiles(), /compressed tiles; unpack it with: funpack/],
  ])('%s doesn’t lose the others', async (_, bytes, message) => {
    const files = { ...cutouts(), [`${idOf(3)}.fits`]: bytes, 'a.csv': csv('id', ...each((at) => String(idOf(at)))) };
    const { values, notes } = await read(folder(files));
    const expected = Float32Array.from(images);
    expected.fill(NaN, 3 * 2 * SIDE * SIDE, 4 * 2 * SIDE * SIDE);
    expect(values.get('image')).toEqual(expected);
    expect(values.get('ra')).toEqual(Float64Array.from(each((at) => (at === 3 ? NaN : 150 + at))));
    expect(notes()?.join()).toMatch(message);
    const strict = openSamples(folder(files), { strict: true }).then((source) => source.read(0, COUNT));
    await expect(strict).rejects.toThrow(message);
  });

  it('first of all doesn’t either, nor is anything read of nothing but those', async () => {
    const { values } = await read(folder({ ...cutouts(), [`${idOf(0)}.fits`]: Buffer.alloc(0) }));
    expect(values.get('image')?.[2 * SIDE * SIDE]).toBe(1);
    await expect(openSamples(folder({ '1.fits': Buffer.alloc(0), '2.fits': Buffer.alloc(1) }))).rejects.toThrow(
      /1\.fits, byte 0/,
    );
  });
});

describe('tables beside cutouts', () => {
  const typesOf = async (...lines: readonly string[]) => {
    const source = await openSamples(folder({ ...cutouts((at) => `f${at}.fits`), 'a.csv': csv(...lines) }));
    const { values } = await source.read(0, source.count);
    return source.columns.slice(1, -3).map(({ name, type }) => [name, type, [...(values.get(name) ?? [])]]);
  };

  it('have columns of the types that their cells tell', async () => {
    const header = '\ufefffile\tcount\tmag\tbig\tgaps\tzeros\thuge\tflag';
    expect(
      await typesOf(
        '# made by hand',
        header,
        'f0\t-1\t1e3\t9007199254740993\t9007199254740993\t007\t9223372036854775808\tyes',
        'f1\t2\t.5\t-9223372036854775808\t\t010\t1\tno',
        'f2\t3\tnan\t3\t3\t3\t3\t',
      ),
    ).toEqual([
      ['file', 'text', ['f0', 'f1', 'f2']],
      ['count', 'int64', [-1n, 2n, 3n]],
      ['mag', 'float64', [1000, 0.5, NaN]],
      ['big', 'int64', [9007199254740993n, -(2n ** 63n), 3n]],
      ['gaps', 'text', ['9007199254740993', '', '3']],
      ['zeros', 'text', ['007', '010', '3']],
      ['huge', 'text', ['9223372036854775808', '1', '3']],
      ['flag', 'text', ['yes', 'no', '']],
    ]);
  });

  it('may have semicolons, and gaps in columns of whole numbers', async () => {
    expect(await typesOf('file;n', 'f0;1', 'f1;', 'f2;-')).toEqual([
      ['file', 'text', ['f0', 'f1', 'f2']],
      ['n', 'float64', [1, NaN, NaN]],
    ]);
  });

  it.each<[string, Readonly<Record<string, Uint8Array>>, RegExp]>([
    [
      'that name no file',
      { 'a.csv': csv('id', 'x') },
      /No column of sky\/a\.csv names the cutouts of sky, which are called 1237/,
    ],
    [
      'of which there are two',
      { 'a.csv': csv('id', '1'), 'b.fits': fitsTable },
      /two tables in sky, sky\/a\.csv and sky\/b\.fits/,
    ],
    ['without lines', { 'a.csv': csv('id') }, /a\.csv has no lines below its names/],
    ['without names', { 'a.csv': csv('id,', '1,2') }, /a\.csv has a column without a name/],
    ['with a name twice', { 'a.csv': csv('id,id', '1,2') }, /two columns named id/],
    ['with torn lines', { 'a.csv': csv('id,mag', '1') }, /a\.csv is not a CSV file that can be read: /],
  ])('%s are refused', async (_, files, message) => {
    const opening = openSamples(folder({ ...cutouts(), ...files }));
    await expect(opening).rejects.toThrow(UserInputError);
    await expect(opening).rejects.toThrow(message);
  });

  it('are found among many cutouts by their size', async () => {
    const many = Object.fromEntries(each((at) => [`${idOf(at)}.fits`, cutout(at)] as const, 100));
    let opened = 0;
    const counted = folder({ ...many, 'zz.fits': fitsTable });
    const files = counted.files.map((file) => ({ ...file, open: () => (opened++, file.open()) }));
    expect((await openSamples({ ...counted, files })).count).toBe(COUNT);
    expect(opened).toBe(2);
  });
});

describe('folders', () => {
  it('without cutouts that could be read are refused', async () => {
    await expect(openSamples(folder({ '1.fits.fz': Buffer.alloc(1) }))).rejects.toThrow(
      /are packed: 1\.fits\.fz\. Unpack them/,
    );
    await expect(openSamples(folder({ '1.txt': Buffer.alloc(1) }))).rejects.toThrow(/no FITS cutouts in sky/);
    await expect(inputsIn(folder({}))).rejects.toThrow(/no files of samples in sky: found no files/);
    await expect(inputsIn(folder({ 'a.txt': Buffer.from('x') }))).rejects.toThrow(/found a\.txt; read are torch/);
  });

  it('are one source where they have cutouts, and otherwise one for each file', async () => {
    const kinds = async (files: Readonly<Record<string, Uint8Array>>) => {
      const { inputs, notes } = await inputsIn(folder(files));
      return [...inputs.map((input) => (isFolder(input) ? 'folder' : input.name)), ...notes];
    };
    expect(await kinds({ ...cutouts(), 'a.csv': csv('id', String(idOf(0))) })).toEqual(['folder']);
    expect(await kinds({ '1.fits.fz': Buffer.alloc(1) })).toEqual(['folder']);
    expect(await kinds({ '0.fits': Buffer.alloc(0), ...cutouts() })).toEqual(['folder']);
    const rows = Buffer.concat([
      emptyPrimary(),
      table(
        [['img', '16E', '(4,4)']],
        each((at) => floats(pixels(at, 1))),
      ),
    ]);
    const partition = await partitionBytes(galaxies(2));
    expect(await kinds({ 'b.fits': rows, '1.pt': partition, 'README.md': csv('x') })).toEqual([
      'sky/b.fits',
      'sky/1.pt',
      '1 file of sky of no format that is read: README.md.',
    ]);
    const many = Buffer.concat([emptyPrimary(), ...each((at) => float32Image(pixels(at), [2, SIDE, SIDE]))]);
    expect(await kinds({ 'mef.fits': many })).toEqual(['sky/mef.fits']);
  });

  it('list what lies in them in natural order, and what lies further down where there is nothing else', async () => {
    const root = await mkdtemp(join(tmpdir(), 'folder-'));
    try {
      await mkdir(join(root, 'down'));
      for (const name of ['10.fits', '2.fits', '.hidden']) await writeFile(join(root, 'down', name), name);
      const names = async () => (await folderIn(fileStore(root), '', 'sky')).files.map(({ name }) => name);
      expect(await names()).toEqual(['down/2.fits', 'down/10.fits']);
      await writeFile(join(root, '1.fits'), 'x');
      expect(await names()).toEqual(['1.fits']);
      const [first] = (await folderIn(fileStore(root), 'down', 'sky')).files;
      expect(Buffer.from(await (await first!.open()).read(0, 6)).toString()).toBe('2.fits');
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it('give models what they take', async () => {
    const spec = { image: { bands: ['g', 'r'], side: 2 }, features: ['mag_g'], truth: 'z' };
    const lines = each((at) => `${idOf(at)},${at},0.${at}`);
    const source = await openGalaxies(folder({ ...cutouts(), 'a.csv': csv('objid,mag_g,z', ...lines) }), { spec });
    const { images: found, magnitudes, redshift, id } = await source.read(1, 3);
    expect(found[0]).toBe(pixels(1)[5]);
    expect([magnitudes, redshift, id]).toEqual([
      Float64Array.of(1, 2),
      Float64Array.of(0.1, 0.2),
      BigInt64Array.of(idOf(1), idOf(2)),
    ]);
    expect(source.notes?.()).toEqual([]);
  });
});
