import { readFileSync } from 'node:fs';
import { UnusableFileError } from '@cosmicai/payload';
import { bufferSource, type ByteSource } from '@cosmicai/store';
import { describeSampleSource } from '../src/conformance.ts';
import { openGalaxies, openSamples, type ColumnValues } from '../src/index.ts';
import { openHdf5 } from '../src/hdf5/hdf5-thread.ts';
import { expectRefusedOrRead } from './damaged.ts';

const COUNT = 8;
const golden = (name: string) => new Uint8Array(readFileSync(new URL(`golden/${name}`, import.meta.url)));
const galaxiesml = golden('galaxiesml.h5');
const galaxy10 = golden('galaxy10.h5');
const open = (bytes: Uint8Array) => openSamples(bufferSource('sky.h5', bytes));
const each = <Item>(of: (at: number) => Item) => Array.from({ length: COUNT }, (_, at) => of(at));
const IDS = BigInt64Array.from(each((at) => 2n ** 60n + 1n + BigInt(at)));

describeSampleSource('the layout of GalaxiesML', {
  open: () => open(galaxiesml),
  content: new Map<string, ColumnValues>([
    ['image', Float32Array.from({ length: COUNT * 180 }, (_, at) => (at % 251) / 8)],
    ['object_id', IDS],
    ['specz_redshift', Float64Array.from(each((at) => at / 7))],
    ...['g', 'r', 'i', 'z', 'y'].map(
      (band) => [`${band}_cmodel_mag`, Float32Array.from(each((at) => at + band.charCodeAt(0)))] as const,
    ),
  ]),
  file: { bytes: () => Promise.resolve(galaxiesml), format: 'hdf5' },
});

describeSampleSource('the layout of Galaxy10, packed, with groups', {
  open: () => open(galaxy10),
  openDamaged() {
    const damaged = Uint8Array.from(galaxy10);
    // In the second chunk of its images.
    damaged[5296 + 100] = (damaged[5296 + 100] ?? 0) ^ 1;
    return open(damaged);
  },
  content: new Map<string, ColumnValues>([
    ['images', Uint8Array.from({ length: COUNT * 75 }, (_, at) => at % 251)],
    ['ans', Uint8Array.from(each((at) => at))],
    ['meta/big', Int16Array.from(each((at) => at - 4))],
    ['meta/flag', Uint8Array.from(each((at) => 1 - (at % 2)))],
    ['meta/large', BigUint64Array.from(each((at) => 2n ** 63n + BigInt(at)))],
    ['meta/name', each((at) => `gal é ${at}`)],
    ['meta/fixed', each((at) => (at % 2 === 0 ? 'ab' : 'c'))],
  ]),
  file: { bytes: () => Promise.resolve(galaxy10), format: 'hdf5' },
});

const groups = golden('groups.h5');
const HALVES = Float32Array.of(0, 1, -2.5, 65504, Infinity, 2 ** -24, 168 * 2 ** -24, -0);

describeSampleSource('datasets and tables in groups, of half precision', {
  open: () => open(groups),
  content: new Map<string, ColumnValues>([
    ['data/stamps/image', Float32Array.from({ length: COUNT * 8 }, (_, at) => (at % 251) / 8)],
    ['catalogue/objects/objid', IDS],
    ['catalogue/objects/specz', Float32Array.from(each((at) => at / 4))],
    ['catalogue/objects/half', HALVES],
    ['catalogue/objects/name', each((at) => (at % 2 === 0 ? 'ab' : 'c'))],
    ['catalogue/objects/mags', Float64Array.from({ length: 2 * COUNT }, (_, at) => at)],
    ['catalogue/objects/ok', Uint8Array.from(each((at) => 1 - (at % 2)))],
    ['catalogue/big/flux', Float32Array.from(each((at) => at / 2))],
    ['catalogue/big/number', Int16Array.from(each((at) => at - 4))],
    ['catalogue/objects/at/ra', Float64Array.from(each((at) => at * 10))],
    ['catalogue/objects/at/dec', Float64Array.from(each((at) => (at === 0 ? 0 : -at)))],
  ]),
  file: { bytes: () => Promise.resolve(groups), format: 'hdf5' },
});

describe('openSamples of HDF5 files', () => {
  it('gives models what lies in groups and tables by its own names, and keeps it by them', async () => {
    const spec = { image: { bands: ['g', 'r'], side: 2 }, features: ['mag_g', 'mag_r'], truth: 'redshift' };
    const keep = ['ra', 'dec', 'catalogue/objects/name'];
    const source = await openGalaxies(bufferSource('sky.h5', groups), { spec, keep });
    expect(source.taken.map(({ what, column }) => `${what}=${column}`)).toEqual([
      'image=data/stamps/image',
      'magnitudes=catalogue/objects/mags',
      'redshift=catalogue/objects/specz',
      'id=catalogue/objects/objid',
    ]);
    const { magnitudes, redshift, id, carried } = await source.read(1, 3);
    expect([magnitudes, redshift, id]).toEqual([
      Float64Array.of(2, 3, 4, 5),
      Float64Array.of(0.25, 0.5),
      IDS.slice(1, 3),
    ]);
    expect(carried?.map(({ name, values }) => [name, Array.from(values)])).toEqual([
      ['ra', [10, 20]],
      ['dec', [-1, -2]],
      ['catalogue/objects/name', ['c', 'ab']],
    ]);
  });

  it('gives models what they take, by the names of GalaxiesML', async () => {
    const bands = ['g', 'r', 'i', 'z', 'y'];
    const spec = { image: { bands, side: 4 }, features: bands.map((band) => `mag_${band}`), truth: 'redshift' };
    const columns = Object.fromEntries([
      ['image', 'image'],
      ['id', 'object_id'],
      ...bands.map((band) => [`mag_${band}`, `${band}_cmodel_mag`] as const),
    ]);
    const source = await openGalaxies(bufferSource('sky.h5', galaxiesml), { spec, columns });
    const { images, magnitudes, redshift, id } = await source.read(1, 3);
    expect(images[0]).toBe(((180 + 7) % 251) / 8);
    expect(magnitudes.subarray(0, 5)).toEqual(Float64Array.from('grizy', (band) => 1 + band.charCodeAt(0)));
    expect([redshift, id]).toEqual([Float64Array.of(1 / 7, 2 / 7), IDS.slice(1, 3)]);
  });

  it('says what else is there, follows no link out of the file or in a circle, and reads no more than it needs', async () => {
    const { columns, unfit } = await open(golden('unfit.h5'));
    expect(columns).toEqual([{ name: 'image', type: 'int32', shape: [2, 2] }]);
    expect(Object.fromEntries(unfit ?? [])).toEqual({
      'lists/words': 'is of lists of text',
      long: 'is of float128, which isn’t read. Write it as float64',
      lzf: 'is compressed with lzf (32000); read are gzip, shuffle and fletcher32. Rewrite it with: h5repack -f GZIP=4',
      'pair/a': 'is in a table with text of any length, which isn’t read. Write the text in a fixed length (S20)',
      'pair/name': 'is in a table with text of any length, which isn’t read. Write the text in a fixed length (S20)',
      seven: 'is of shape [7], and there are 8 galaxies',
      virtual: 'is put together from other files',
    });
  });

  it('tells why damage could go unnoticed', async () => {
    expect((await open(galaxiesml)).unchecked()).toMatch(
      /^no sums \(fletcher32\) of g_cmodel_mag, .* and 3 more are there$/,
    );
    expect((await open(galaxy10)).unchecked()).toBe('no sums (fletcher32) of meta/name are there');
  });

  it('passes on what the store says, and reads on afterwards', async () => {
    const file = bufferSource('sky.h5', galaxiesml);
    let isBroken = true;
    const failing: ByteSource = {
      name: file.name,
      size: file.size,
      read: (from, to) => (isBroken ? Promise.reject(new Error('no network')) : file.read(from, to)),
    };
    await expect(openHdf5(failing)).rejects.toThrow('no network');
    isBroken = false;
    expect((await openHdf5(failing)).datasets).toHaveLength(8);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['a signature alone', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /sky\.h5: this HDF5 file can’t be read: /],
    [
      'zeros behind it',
      Buffer.concat([Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), Buffer.alloc(4096)]),
      /can’t be read: /,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toThrow(UnusableFileError);
    await expect(open(bytes)).rejects.toThrow(message);
  });

  it('refuses a damaged file or reads it, and nothing else, wherever a bit is wrong', async () => {
    await expectRefusedOrRead(galaxy10, { first: 8, step: 211 }, (damaged) => open(damaged));
  });
});
