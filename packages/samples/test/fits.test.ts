import { FitsFileError, FitsSum } from '@cosmicai/fits';
import { bufferSource } from '@cosmicai/store';
import { describeSampleSource } from '../src/conformance.ts';
import { openSamples, type ColumnValues } from '../src/index.ts';
import {
  compressedTiles,
  emptyPrimary,
  float32File,
  float32Image,
  floats,
  hdu,
  int64,
  table,
  tan,
} from './fits-files.ts';

const COUNT = 8;
const PIXELS = 2 * 3 * 3;
const numbers = (length: number, from = 0) => Float32Array.from({ length }, (_, at) => from + at / 8);
const images = numbers(COUNT * PIXELS);
const IDS = BigInt64Array.from({ length: COUNT }, (_, at) => 2n ** 60n + BigInt(at));
const open = (...parts: readonly Uint8Array[]) => openSamples(bufferSource('sky.fits', Buffer.concat(parts)));

const rows = Array.from(IDS, (id, at) =>
  Buffer.concat([int64(id), floats(images.subarray(at * PIXELS, (at + 1) * PIXELS)), Buffer.from(`gal ${at}`)]),
);
const imageTable = table(
  [
    ['object_id', 'K'],
    ['img', `${PIXELS}E`, '(3,3,2)'],
    ['name', '5A'],
  ],
  rows,
);
const tableFile = Buffer.concat([emptyPrimary(), imageTable]);

describeSampleSource('a FITS table with images', {
  open: () => open(tableFile),
  content: new Map<string, ColumnValues>([
    ['object_id', IDS],
    ['img', images],
    ['name', Array.from({ length: COUNT }, (_, at) => `gal ${at}`)],
  ]),
  file: { bytes: () => Promise.resolve(tableFile), format: 'fits' },
});

const DATASUM = String(new FitsSum().add(floats(images)).value);
const summedCube = (cards = {}) => float32File(images, [COUNT, 2, 3, 3], cards);
const damagedCube = () => {
  const damaged = summedCube({ DATASUM });
  damaged[2880 + 301] = 77;
  return damaged;
};

describeSampleSource('a FITS cube with its sum', {
  open: () => open(summedCube({ DATASUM })),
  openDamaged: () => open(damagedCube()),
  content: new Map<string, ColumnValues>([['image', images]]),
});

describe('the sum of a FITS file', () => {
  const read = async (file: Uint8Array, options: object = {}, more: object = {}) => {
    const source = await openSamples(bufferSource('sky.fits', file), options);
    for await (const _ of source.batches({ size: 3, readAhead: 3, ...more }));
    return source.unchecked();
  };

  it('is compared where all samples are read', async () => {
    await expect(read(summedCube({ DATASUM }))).resolves.toBeUndefined();
    await expect(read(damagedCube())).rejects.toThrow(
      /sky\.fits.*the data of HDU 0 don’t fit their DATASUM: .*--no-crc/,
    );
    await expect(read(damagedCube(), {}, { to: 7 })).resolves.toBeUndefined();
    await expect(read(damagedCube(), { checkCrc: false })).resolves.toBeUndefined();
  });

  it('is said to be missing, where it is', async () => {
    await expect(read(summedCube())).resolves.toBe('no sums (DATASUM) of HDU 0 are there');
    await expect(read(summedCube(), { checkCrc: false })).resolves.toBeUndefined();
  });
});

const plane = (at: number) => images.subarray(at * PIXELS, (at + 1) * PIXELS);
const extensions = Buffer.concat([
  emptyPrimary(),
  ...Array.from({ length: COUNT }, (_, at) =>
    float32Image(plane(at), [2, 3, 3], { EXTNAME: `GAL${at}`, ...tan(150 + at, 2, 3) }),
  ),
  table(
    [['z', 'E']],
    Array.from({ length: COUNT }, (_, at) => floats([at / 4])),
  ),
]);

describeSampleSource('FITS images, an HDU each', {
  open: () => open(extensions),
  content: new Map<string, ColumnValues>([
    ['image', images],
    ['z', Float32Array.from({ length: COUNT }, (_, at) => at / 4)],
    ['extname', Array.from({ length: COUNT }, (_, at) => `GAL${at}`)],
    ['ra', Float64Array.from({ length: COUNT }, (_, at) => 150 + at)],
    ['dec', Float64Array.from({ length: COUNT }, () => 2)],
  ]),
  file: { bytes: () => Promise.resolve(extensions), format: 'fits' },
});

const cube = float32File(images, [COUNT, 2, 3, 3]);

describeSampleSource('a FITS cube', {
  open: () => open(cube),
  content: new Map([['image', images]]),
  file: { bytes: () => Promise.resolve(cube), format: 'fits' },
});

describe('openSamples of FITS files', () => {
  const shapes = async (...parts: readonly Uint8Array[]) => {
    const { count, columns } = await open(...parts);
    return {
      count,
      columns: columns.map(({ name, type, shape, parts: bands }) => [name, type, shape.join(), bands?.join()]),
    };
  };

  it('takes an image of three axes for one galaxy, or for as many as a table has rows', async () => {
    const three = float32File(numbers(18), [2, 3, 3]);
    expect(await shapes(three)).toEqual({ count: 1, columns: [['image', 'float32', '2,3,3', undefined]] });
    const two = [floats([1]), floats([2])];
    expect(await shapes(three, table([['mag', 'E']], two))).toMatchObject({
      count: 2,
      columns: [
        ['image', 'float32', '3,3', undefined],
        ['mag', 'float32', '', undefined],
      ],
    });
  });

  it('takes images that are called like bands for one galaxy, in their order', async () => {
    const bands = ['sdss_G', 'sdss_R'].map((EXTNAME, at) => float32Image(numbers(9, at), [3, 3], { EXTNAME }));
    expect(await shapes(emptyPrimary(), ...bands)).toEqual({
      count: 1,
      columns: [['image', 'float32', '2,3,3', 'g,r']],
    });
    const { values } = await (await open(emptyPrimary(), ...bands)).read(0, 1);
    expect(values.get('image')).toEqual(Float32Array.from([...numbers(9, 0), ...numbers(9, 1)]));
  });

  it('leaves out errors and masks beside images', async () => {
    const both = ['SCI', 'ERR'].map((EXTNAME, at) => float32Image(numbers(9, at), [3, 3], { EXTNAME }));
    const source = await open(emptyPrimary(), ...both);
    expect(source.count).toBe(1);
    expect((await source.read(0, 1)).values.get('image')).toEqual(numbers(9));
  });

  it('widens images of several types to one that holds them all', async () => {
    const long = hdu(
      { XTENSION: 'IMAGE', BITPIX: 32, NAXIS: 2, NAXIS1: 1, NAXIS2: 1, PCOUNT: 0, GCOUNT: 1 },
      Buffer.from('00010001', 'hex'),
    );
    const source = await open(emptyPrimary(), float32Image([0.5], [1, 1]), long);
    expect((await source.read(0, 2)).values.get('image')).toEqual(Float64Array.of(0.5, 65537));
  });

  it('tells numbers of 64 bits where TNULL stands for none, digit for digit', async () => {
    const cells = [IDS[1], -9n, IDS[2]].map((value) => int64(value ?? 0n));
    const source = await open(emptyPrimary(), table([['tract', 'K', undefined, undefined, -9]], cells));
    const { values, exact } = await source.read(0, 3, { exact: ['tract'] });
    expect(values.get('tract')).toEqual(BigInt64Array.of(IDS[1] ?? 0n, -9n, IDS[2] ?? 0n));
    expect(exact?.get('tract')).toEqual([IDS[1], null, IDS[2]]);
    expect((await source.read(0, 3)).exact).toBeUndefined();
  });

  it('says which tables and images don’t go with the samples', async () => {
    expect((await open(cube, table([['mag', 'E']], [floats([1])]))).unfit).toEqual(
      new Map([['HDU 1', 'has 1 rows, and there are 8 galaxies']]),
    );
  });

  it('reads a table without rows as a source without samples', async () => {
    const none = hdu({
      ...{ XTENSION: 'BINTABLE', BITPIX: 8, NAXIS: 2, NAXIS1: 8, NAXIS2: 0, PCOUNT: 0, GCOUNT: 1 },
      ...{ TFIELDS: 1, TTYPE1: 'id', TFORM1: 'K' },
    });
    expect(await shapes(emptyPrimary(), none)).toMatchObject({ count: 0 });
  });

  it('lets a table tell where galaxies lie before images do', async () => {
    const image = float32File(numbers(9), [1, 1, 3, 3], tan(10, 20, 3));
    const { columns } = await open(
      image,
      table(
        [
          ['RA', 'E'],
          ['Dec', 'E'],
        ],
        [floats([1, 2])],
      ),
    );
    expect(columns.map(({ name }) => name)).toEqual(['image', 'RA', 'Dec']);
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'nothing but a header',
      emptyPrimary(),
      /sky\.fits: there are no images and no tables in this FITS file\. It has: no images and no tables/,
    ],
    [
      'images of several shapes',
      Buffer.concat([emptyPrimary(), float32Image(numbers(9), [3, 3]), float32Image(numbers(4), [2, 2])]),
      /several shapes.*HDU 1, an image \[3, 3\]; HDU 2, an image \[2, 2\]/,
    ],
    [
      'images in compressed tiles',
      compressedTiles(),
      /HDU 1, which is an image in compressed tiles; unpack it with: funpack sky\.fits/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(open(bytes)).rejects.toThrow(FitsFileError);
    await expect(open(bytes)).rejects.toThrow(message);
  });
});

describe('the middle of an image on the sky', () => {
  const placeOf = async (cards: Parameters<typeof float32File>[2]) => {
    const { values } = await (await open(float32File(numbers(12), [3, 4], cards))).read(0, 1);
    return [values.get('ra')?.[0], values.get('dec')?.[0]];
  };

  it.each<[string, Parameters<typeof float32File>[2], readonly (number | undefined)[]]>([
    // As astropy.wcs 8.0.1 has them, of the pixel (1.5, 1.0) from 0.
    [
      'by CD',
      {
        CTYPE1: 'RA---TAN',
        CTYPE2: 'DEC--TAN',
        CRVAL1: 359.99,
        CRVAL2: 60,
        CRPIX1: -99,
        CRPIX2: 50,
        CD1_1: -1e-3,
        CD1_2: 2e-4,
        CD2_1: 3e-4,
        CD2_2: 1.1e-3,
      },
      [359.76795113758794, 59.97746360261514],
    ],
    [
      'by PC and CDELT',
      {
        CTYPE1: 'DEC--TAN',
        CTYPE2: 'RA---TAN',
        CRVAL1: -45,
        CRVAL2: 10,
        CRPIX1: 30,
        CRPIX2: 5,
        CDELT1: 1e-3,
        CDELT2: -2e-3,
        PC1_1: 0.9,
        PC1_2: 0.1,
        PC2_1: -0.1,
        PC2_2: 0.9,
      },
      [9.999858516786597, -45.02504999831658],
    ],
    [
      'by CROTA2',
      {
        CTYPE1: 'RA---TAN',
        CTYPE2: 'DEC--TAN',
        CRVAL1: 200,
        CRVAL2: 89.99,
        CRPIX1: 9,
        CRPIX2: 9,
        CDELT1: -1e-3,
        CDELT2: 1e-3,
        CROTA2: 30,
      },
      [235.47132108977468, 89.98426807216289],
    ],
    ['not of other projections', { CTYPE1: 'RA---SIN', CTYPE2: 'DEC--SIN' }, [undefined, undefined]],
    ['not where they are distorted', { ...tan(1, 2, 3), A_ORDER: 2 }, [undefined, undefined]],
    ['not of numbers that are none', { ...tan(1, 2, 3), CRVAL1: 'x' }, [undefined, undefined]],
  ])('is told %s', async (_, cards, place) => {
    const found = await placeOf(cards);
    for (const [axis, value] of place.entries()) {
      if (value === undefined) expect(found[axis]).toBeUndefined();
      else expect(found[axis]).toBeCloseTo(value, 9);
    }
  });
});
