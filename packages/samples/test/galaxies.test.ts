import { ASTROMAE, UserInputError, type ColumnChoice, type ModelSpec, type ModelOutput } from '@cosmicai/payload';
import { galaxiesOf, truthOf, type ColumnValues, type SampleColumn } from '../src/index.ts';
import { memorySource } from './memory-source.ts';
import { galaxies } from './partitions.ts';

type Held = readonly [SampleColumn, ColumnValues];

const BATCH = galaxies(3);
const BANDS = ['u', 'g', 'r', 'i', 'z'];
const IMAGE: Held = [{ name: 'flux', type: 'float32', shape: [5, 32, 32], parts: BANDS }, BATCH.images];
const FEATURES: Held = [
  { name: 'photometry', type: 'float64', shape: [5], parts: BANDS.map((band) => `mag_${band}`) },
  BATCH.magnitudes,
];
const TRUTH: Held = [{ name: 'redshift', type: 'float64', shape: [] }, BATCH.redshift];
const NAMES: Held = [{ name: 'id', type: 'text', shape: [] }, ['a', 'b', 'c']];

describe('galaxiesOf', () => {
  it('finds images and features by what they are made of, in any order, and hands their arrays on', async () => {
    const source = galaxiesOf(memorySource('here', 3, [TRUTH, NAMES, FEATURES, IMAGE]));
    const { from, count, images, magnitudes, redshift, id } = await source.read(1, 3);
    expect({ from, count, magnitudes, redshift, id }).toEqual({
      from: 1,
      count: 2,
      magnitudes: BATCH.magnitudes.slice(5),
      redshift: BATCH.redshift.slice(1),
      id: ['b', 'c'],
    });
    expect(images).toEqual(BATCH.images.slice(5120));
    expect(source.taken).toEqual([
      { what: 'image', column: 'flux', found: 'parts' },
      { what: 'magnitudes', column: 'photometry', found: 'parts' },
      { what: 'redshift', column: 'redshift', found: 'name' },
      { what: 'id', column: 'id', found: 'name' },
    ]);
    const counts: number[] = [];
    for await (const batch of source.batches({ size: 2 })) counts.push(batch.redshift!.length);
    expect(counts).toEqual([2, 1]);
  });

  it('reads the columns that it takes, and no others', async () => {
    const other: Held = [{ name: 'mask', type: 'uint8', shape: [] }, new Uint8Array(3)];
    const source = memorySource('here', 3, [IMAGE, other, FEATURES]);
    const asked: unknown[] = [];
    const read = source.read.bind(source);
    await galaxiesOf({
      ...source,
      read: (from, to, options) => (asked.push(options?.columns), read(from, to, options)),
    }).read(0, 1);
    expect(asked).toEqual([['flux', 'photometry']]);
  });

  it('takes a source without truth, and without names', async () => {
    const batch = await galaxiesOf(memorySource('here', 3, [IMAGE, FEATURES])).read(0, 3);
    expect(batch.redshift).toBeNull();
    expect('id' in batch).toBe(false);
    expect(truthOf(batch)).toEqual(new Float64Array(3).fill(NaN));
  });

  it('refuses values of another type than the source says', async () => {
    const source = galaxiesOf(memorySource('here', 3, [IMAGE, FEATURES, [TRUTH[0], new Float32Array(3)]]));
    await expect(source.read(0, 1)).rejects.toThrow('hands out its column redshift in another type than it says');
  });
});

/** Two bands of two pixels, and two features. */
const SMALL: ModelSpec = { image: { bands: ['g', 'r'], side: 2 }, features: ['mag_g', 'mag_r'], truth: 'redshift' };
const wave = (length: number) => Array.from({ length }, (_, at) => (at * 7) % 101);
const scalar = (name: string, type: SampleColumn['type'] = 'float64'): Held => [
  { name, type, shape: [] },
  type === 'text'
    ? ['x', 'y']
    : type === 'float64'
      ? Float64Array.of(1, 2)
      : type === 'int64'
        ? BigInt64Array.of(1n, 2n)
        : Float32Array.of(1, 2),
];
const PIXELS: Held = [{ name: 'image', type: 'float32', shape: [2, 2, 2] }, Float32Array.from(wave(16))];
const MAGS: Held = [{ name: 'magnitudes', type: 'float64', shape: [2] }, Float64Array.from(wave(4))];

/** [n, 2, side, side] as [n, side, side, 2]. */
const bandsLast = (pixels: Float32Array, side: number) =>
  pixels.map(
    (_, at) =>
      pixels[
        Math.floor(at / (2 * side ** 2)) * 2 * side ** 2 + (at % 2) * side ** 2 + (Math.floor(at / 2) % side ** 2)
      ]!,
  );

const small = (columns: readonly Held[], choice?: ColumnChoice, more = {}) =>
  galaxiesOf({ ...memorySource('cat.h5', 2, columns), ...more }, SMALL, choice);

describe('values become what a model takes', () => {
  it.each([
    [1, Float32Array.of(1, 2, 3, 4), 'resized from 1 x 1 to 2 x 2 pixels', [1, 1, 1, 1, 2, 2, 2, 2]],
    [4, Float32Array.from(wave(64)), 'resized from 4 x 4 to 2 x 2 pixels', [17.5, 31.5, 73.5, 62.25]],
    [2, Float32Array.from(wave(16)), undefined, [0, 7, 14, 21, 28, 35, 42, 49]],
  ])('images of %i pixels are resized where the spec says so', async (side, pixels, note, expected) => {
    const source = galaxiesOf(
      memorySource('cat.h5', 2, [
        [{ ...PIXELS[0], shape: [side, side, 2], layout: 'NHWC' }, bandsLast(pixels, side)],
        MAGS,
      ]),
      { ...SMALL, image: { ...SMALL.image, fit: 'resize' } },
    );
    const { images } = await source.read(0, 2);
    expect([...images.subarray(0, expected.length)]).toEqual(expected);
    expect(source.taken[0]?.note?.includes('resized') === true ? source.taken[0].note : undefined).toEqual(
      note === undefined ? undefined : expect.stringContaining(note),
    );
  });

  it.each<[string, SampleColumn, (numbers: number[]) => ColumnValues]>([
    ['bytes', { name: 'image', type: 'uint8', shape: [2, 2, 2] }, (numbers) => Uint8Array.from(numbers)],
    ['int16', { name: 'image', type: 'int16', shape: [2, 2, 2] }, (numbers) => Int16Array.from(numbers)],
    ['int64', { name: 'image', type: 'int64', shape: [2, 2, 2] }, (numbers) => BigInt64Array.from(numbers, BigInt)],
    ['float64', { name: 'image', type: 'float64', shape: [2, 2, 2] }, (numbers) => Float64Array.from(numbers)],
  ])('%s', async (_, column, array) => {
    const { images } = await small([[column, array(wave(16))], MAGS]).read(0, 2);
    expect(images).toEqual(Float32Array.from(wave(16)));
  });

  it('float32 images without a copy', async () => {
    const values = PIXELS[1];
    const source = {
      ...memorySource('x', 2, [PIXELS, MAGS]),
      read: async () => ({
        from: 0,
        count: 2,
        values: new Map([
          ['image', values],
          ['magnitudes', MAGS[1]],
        ]),
      }),
    };
    const { images, magnitudes } = await galaxiesOf(source, SMALL).read(0, 2);
    expect(images).toBe(values);
    expect(magnitudes).toBe(MAGS[1]);
  });

  /** [sample, band, row, column] of images of `side` pixels and `channels`. */
  const expected = (
    side: number,
    at: (sample: number, channel: number, row: number, column: number) => number,
    bands = [0, 1],
  ) => {
    const first = Math.floor((side - 2) / 2);
    return Float32Array.from(
      [0, 1].flatMap((sample) =>
        bands.flatMap((band) =>
          [0, 1].flatMap((row) => [0, 1].map((column) => at(sample, band, first + row, first + column))),
        ),
      ),
    );
  };

  it.each([2, 3, 4, 5, 6])('images of %d pixels, cut to their middle', async (side) => {
    const numbers = wave(2 * 2 * side * side);
    for (const type of ['float32', 'int16'] as const) {
      const values = type === 'float32' ? Float32Array.from(numbers) : Int16Array.from(numbers);
      const source = small([[{ name: 'image', type, shape: [2, side, side] }, values], MAGS]);
      const { images } = await source.read(0, 2);
      expect(images).toEqual(
        expected(side, (sample, band, row, column) => numbers[((sample * 2 + band) * side + row) * side + column]!),
      );
      expect(source.taken[0]?.note?.includes('the central 2 x 2 pixels') ?? false).toBe(side > 2);
    }
  });

  it.each<[string, Partial<SampleColumn>, ColumnChoice | undefined, number, number[]]>([
    ['by their shape', {}, undefined, 3, [0, 1]],
    ['because the file says so', { layout: 'NHWC' }, undefined, 2, [0, 1]],
    ['because the reader says so', {}, { layout: 'NHWC' }, 2, [0, 1]],
    ['and in another order', { layout: 'NHWC', parts: ['r', 'x', 'g'] }, undefined, 4, [2, 0]],
  ])('channels last, %s', async (_, column, choice, side, bands) => {
    const channels = column.parts?.length ?? 2;
    const numbers = wave(2 * side * side * channels);
    const source = small(
      [
        [{ name: 'image', type: 'float32', shape: [side, side, channels], ...column }, Float32Array.from(numbers)],
        MAGS,
      ],
      choice,
    );
    const { images } = await source.read(0, 2);
    const at = (sample: number, band: number, row: number, x: number) =>
      numbers[((sample * side + row) * side + x) * channels + band]!;
    expect(images).toEqual(expected(side, at, bands));
    expect(source.taken[0]?.note).toContain('channels last');
  });

  it('bands put into the model’s order, and of more bands those that it takes', async () => {
    const numbers = wave(24);
    const image: Held = [
      { name: 'stamps', type: 'float32', shape: [3, 2, 2], parts: ['r', 'i', 'g'] },
      Float32Array.from(numbers),
    ];
    const at = (sample: number, band: number, row: number, column: number) =>
      numbers[((sample * 3 + band) * 2 + row) * 2 + column]!;
    const source = small([image, MAGS]);
    expect((await source.read(0, 2)).images).toEqual(expected(2, at, [2, 0]));
    expect(source.taken[0]).toEqual({
      what: 'image',
      column: 'stamps',
      found: 'parts',
      note: 'bands put into the order g, r',
    });
    // Names that only the reader knows.
    const unnamed: Held = [{ name: 'stamps', type: 'float32', shape: [3, 2, 2] }, image[1]];
    expect((await small([unnamed, MAGS], { bands: 'r/i/g' }).read(0, 2)).images).toEqual(expected(2, at, [2, 0]));
  });

  it('bands that have no names, as in the model’s order, which it says', () => {
    expect(small([PIXELS, MAGS]).taken[0]).toEqual({
      what: 'image',
      column: 'image',
      found: 'name',
      note: 'bands taken to be g, r',
    });
  });

  it('an image of one band without an axis for it', async () => {
    const one: ModelSpec = { ...SMALL, image: { bands: ['g'], side: 2 } };
    const source = memorySource('x', 2, [
      [{ name: 'image', type: 'float32', shape: [2, 2] }, Float32Array.from(wave(8))],
      MAGS,
    ]);
    expect((await galaxiesOf(source, one).read(0, 2)).images).toEqual(Float32Array.from(wave(8)));
  });

  it('single columns as features, in the model’s order, of any type', async () => {
    const columns: Held[] = [
      PIXELS,
      [{ name: 'mag_r', type: 'int64', shape: [1] }, BigInt64Array.of(7n, 8n)],
      scalar('mag_g', 'float32'),
    ];
    const source = small(columns);
    expect((await source.read(0, 2)).magnitudes).toEqual(Float64Array.of(1, 7, 2, 8));
    expect(source.taken.slice(1)).toEqual([
      { what: 'mag_g', column: 'mag_g', found: 'name' },
      { what: 'mag_r', column: 'mag_r', found: 'name' },
    ]);
  });

  it('features of a column whose parts have names, in the model’s order', async () => {
    const mags: Held = [
      { name: 'phot', type: 'float32', shape: [3], parts: ['mag_r', 'mag_i', 'mag_g'] },
      Float32Array.of(1, 2, 3, 4, 5, 6),
    ];
    expect((await small([PIXELS, mags]).read(0, 2)).magnitudes).toEqual(Float64Array.of(3, 1, 6, 4));
  });

  it('the truth of any type of number', async () => {
    const z: Held = [{ name: 'Z_SPEC', type: 'float32', shape: [1] }, Float32Array.of(0.5, NaN)];
    expect((await small([PIXELS, MAGS, z]).read(0, 2)).redshift).toEqual(Float64Array.of(0.5, NaN));
  });

  it.each<[SampleColumn['type'], ColumnValues, unknown]>([
    ['int64', BigInt64Array.of(-1n, 2n ** 62n), BigInt64Array.of(-1n, 2n ** 62n)],
    ['uint64', BigUint64Array.of(2n ** 64n - 1n, 5n), ['18446744073709551615', '5']],
    ['int32', Int32Array.of(-7, 8), BigInt64Array.of(-7n, 8n)],
    ['uint8', Uint8Array.of(7, 8), BigInt64Array.of(7n, 8n)],
    ['text', ['J1', 'J2'], ['J1', 'J2']],
  ])('names of %s', async (type, values, ids) => {
    for (const name of ['id', 'objID', 'specObjID', 'source_id', 'object_id'])
      expect((await small([PIXELS, MAGS, [{ name, type, shape: [] }, values]]).read(0, 2)).id).toEqual(ids);
  });
});

describe('columns by name', () => {
  it('as they are said, over what their names tell', async () => {
    const columns: Held[] = [
      PIXELS,
      [{ name: 'img', type: 'uint8', shape: [2, 2, 2] }, Uint8Array.from(wave(16))],
      scalar('g_cmodel_mag'),
      scalar('mag_r'),
      scalar('specz_redshift'),
      scalar('z'),
      scalar('object_id', 'int64'),
      scalar('id', 'text'),
    ];
    const source = small(columns, {
      images: 'img',
      mag_g: 'g_cmodel_mag',
      redshift: 'specz_redshift',
      id: 'object_id',
    });
    expect(source.taken.map(({ what, column, found }) => `${what}=${column} ${found}`)).toEqual([
      'image=img said',
      'mag_g=g_cmodel_mag said',
      'mag_r=mag_r name',
      'redshift=specz_redshift said',
      'id=object_id said',
    ]);
    expect((await source.read(0, 2)).id).toEqual(BigInt64Array.of(1n, 2n));
  });

  it('none for the truth and the names, where that is said', async () => {
    const batch = await small([PIXELS, MAGS, scalar('redshift'), scalar('id', 'text')], {
      redshift: '-',
      id: '-',
    }).read(0, 1);
    expect([batch.redshift, 'id' in batch]).toEqual([null, false]);
  });

  it('the model’s own name for the truth before others', () => {
    expect(small([PIXELS, MAGS, scalar('z'), scalar('redshift')]).taken[2]?.column).toBe('redshift');
  });

  it('a band’s magnitude not for a redshift', async () => {
    const spec: ModelSpec = { image: SMALL.image, features: ['g', 'z'], truth: 'redshift' };
    const source = galaxiesOf(memorySource('x', 2, [PIXELS, scalar('g'), scalar('z')]), spec);
    expect((await source.read(0, 2)).redshift).toBeNull();
    // Nor a redshift for the mass that another model predicts.
    const mass = galaxiesOf(memorySource('x', 2, [PIXELS, MAGS, scalar('z')]), { ...SMALL, truth: 'mass' });
    expect((await mass.read(0, 2)).redshift).toBeNull();
  });

  it('in groups by what they are called there, said in short or as a whole', async () => {
    const columns: Held[] = [
      [{ ...PIXELS[0], name: 'a/image' }, PIXELS[1]],
      scalar('phot/mag_r'),
      scalar('phot/mag_g'),
      scalar('phot/g'),
      // Among magnitudes it is one of them.
      scalar('phot/z'),
      scalar('spec/z'),
      scalar('spec/objid', 'int64'),
      scalar('all/id', 'int64'),
    ];
    const source = small(columns, { id: 'objid', mag_g: 'phot/g' });
    expect(source.taken.map(({ what, column, found }) => `${what}=${column} ${found}`)).toEqual([
      'image=a/image name',
      'mag_g=phot/g said',
      'mag_r=phot/mag_r name',
      'redshift=spec/z name',
      'id=spec/objid said',
    ]);
  });

  it('the only column that could be images', () => {
    const stamps: Held = [{ ...PIXELS[0], name: 'stamps' }, PIXELS[1]];
    expect(small([stamps, MAGS]).taken[0]?.found).toBe('only');
  });

  it.each<[string, readonly Held[], ColumnChoice | undefined, object, RegExp]>([
    [
      'two images',
      [PIXELS, [{ ...PIXELS[0], name: 'img' }, PIXELS[1]], MAGS],
      undefined,
      {},
      /the image could be either of image and img\. It has: image \(float32 \[2, 2, 2\]\); img .*\. Say which is which: --columns image=image,magnitudes=magnitudes$/,
    ],
    [
      'two redshifts',
      [PIXELS, MAGS, scalar('z'), scalar('z_spec')],
      undefined,
      {},
      /the redshift could be either of z and z_spec\. .*--columns image=image,magnitudes=magnitudes,redshift=z$/,
    ],
    [
      'two names',
      [PIXELS, MAGS, scalar('id', 'text'), scalar('objid', 'int64')],
      undefined,
      {},
      /the id could be either of id and objid.*--columns image=image,magnitudes=magnitudes,id=id$/,
    ],
    [
      'two names of text',
      [PIXELS, MAGS, scalar('objid', 'text'), scalar('source_id', 'text')],
      undefined,
      {},
      /the id could be either of objid and source_id.*--columns image=image,magnitudes=magnitudes,id=objid$/,
    ],
    [
      'two names, where other columns were said',
      [PIXELS, MAGS, scalar('zz'), scalar('id'), scalar('objid', 'int64')],
      { redshift: 'zz', layout: 'NCHW' },
      {},
      /--columns image=image,magnitudes=magnitudes,redshift=zz,id=objid,layout=NCHW$/,
    ],
    [
      'two redshifts of one name in groups',
      [PIXELS, MAGS, scalar('a/redshift'), scalar('b/redshift'), scalar('z')],
      undefined,
      {},
      /the redshift could be either of a\/redshift and b\/redshift\. .*--columns image=image,magnitudes=magnitudes,redshift=a\/redshift$/,
    ],
    [
      'a magnitude in two groups',
      [PIXELS, scalar('a/mag_g'), scalar('b/mag_g'), scalar('b/mag_r')],
      undefined,
      {},
      /the mag_g could be either of a\/mag_g and b\/mag_g\. .*--columns image=image,mag_g=a\/mag_g,mag_r=b\/mag_r$/,
    ],
    [
      'what is said in short and lies in two groups',
      [PIXELS, MAGS, scalar('a/no', 'int64'), scalar('b/no', 'int64')],
      { id: 'no' },
      {},
      /the id could be either of a\/no and b\/no\. /,
    ],
    [
      'no magnitudes',
      [PIXELS, scalar('z')],
      undefined,
      {},
      /no column is mag_g, mag_r, .*Nothing in it can be the magnitudes \(mag_g, mag_r\): add them to the file, or take a model of images alone\.$/,
    ],
    [
      'magnitudes of other names',
      [PIXELS, scalar('a'), scalar('b'), scalar('z')],
      undefined,
      {},
      /--columns image=image,mag_g=<mag_g>,mag_r=<mag_r>,redshift=z$/,
    ],
    ['images alone', [PIXELS], undefined, { unnamed: true }, /found 1\..* Nothing in it can be the magnitudes/],
    [
      'magnitudes together and each',
      [PIXELS, MAGS, scalar('mag_g'), scalar('mag_r')],
      undefined,
      {},
      /the magnitudes could be any of magnitudes, mag_g, mag_r/,
    ],
    [
      'no images',
      [MAGS],
      undefined,
      {},
      /no column is the image, \[2, 2, 2\] or larger squares, of the bands g, r\. It has: magnitudes \(float64 \[2\]\)\. Nothing in it can be images\.$/,
    ],
    [
      'no magnitudes',
      [PIXELS, scalar('mag_g'), scalar('r_cmodel_mag')],
      undefined,
      {},
      /no column is mag_r, and none is the magnitudes, \[2\]\..*image=image,mag_g=mag_g,mag_r=r_cmodel_mag$/,
    ],
    [
      'magnitudes of another number',
      [PIXELS, [{ ...MAGS[0], shape: [4] }, MAGS[1]]],
      undefined,
      {},
      /magnitudes \(float64 \[4\]\) is not what the model takes, the magnitudes, \[2\]: mag_g, mag_r/,
    ],
    [
      'magnitudes of other names',
      [PIXELS, [{ ...MAGS[0], parts: ['a', 'b'] }, MAGS[1]]],
      undefined,
      {},
      /magnitudes \(float64 \[2\]: a, b\) is not what/,
    ],
    [
      'a feature of several numbers',
      [PIXELS, [{ ...MAGS[0], name: 'phot' }, MAGS[1]], scalar('mag_r')],
      { mag_g: 'phot' },
      {},
      /phot \(float64 \[2\]\) is not one number for each galaxy, as mag_g is/,
    ],
    [
      'text as a feature',
      [PIXELS, scalar('a', 'text'), scalar('mag_r')],
      { mag_g: 'a' },
      {},
      /a \(text\) is not one number/,
    ],
    [
      'magnitudes and a feature',
      [PIXELS, MAGS, scalar('a')],
      { magnitudes: 'magnitudes', mag_g: 'a' },
      {},
      /both what magnitudes are and what single features are/,
    ],
    ['a column that isn’t there', [PIXELS, MAGS], { image: 'img' }, {}, /there is no column img\. It has: image/],
    [
      'something that no model takes',
      [PIXELS, MAGS],
      { colour: 'image' },
      {},
      /say what colour is, and the model takes image, magnitudes, mag_g, mag_r, redshift, id/,
    ],
    ['no images wanted', [PIXELS, MAGS], { image: '-' }, {}, /a model takes images/],
    ['a layout unheard of', [PIXELS, MAGS], { layout: 'CHWN' }, {}, /NCHW or NHWC, and the columns say CHWN/],
    [
      'channels at the other end',
      [PIXELS, MAGS],
      { layout: 'NHWC', bands: 'g/r/i' },
      {},
      /3 bands are named, and there are 2 channels/,
    ],
    ['images as text', [[{ name: 'image', type: 'text', shape: [] }, ['a', 'b']], MAGS], undefined, {}, /it is text/],
    [
      'images of one axis',
      [[{ ...PIXELS[0], shape: [8] }, PIXELS[1]], MAGS],
      undefined,
      {},
      /image \(float32 \[8\]\) is not what .*no three axes/,
    ],
    ['images of four axes', [[{ ...PIXELS[0], shape: [1, 2, 2, 2] }, PIXELS[1]], MAGS], undefined, {}, /no three axes/],
    ['oblong images', [[{ ...PIXELS[0], shape: [2, 4, 2] }, PIXELS[1]], MAGS], undefined, {}, /not square/],
    [
      'smaller images',
      [[{ ...PIXELS[0], shape: [2, 1, 1] }, Float32Array.of(1, 2, 3, 4)], MAGS],
      undefined,
      {},
      /are smaller, 1 pixels wide; the model’s spec can have them resized \(fit: resize\)/,
    ],
    [
      'more channels',
      [[{ ...PIXELS[0], shape: [3, 2, 2] }, new Float32Array(24)], MAGS],
      undefined,
      {},
      /it has 3 channels/,
    ],
    [
      'other bands',
      [[{ ...PIXELS[0], parts: ['HSC-G', 'HSC-R'] }, PIXELS[1]], MAGS],
      undefined,
      {},
      /its bands are HSC-G, HSC-R\. If these are the model’s under other names, say so with bands=g\/r/,
    ],
    [
      'text for the truth',
      [PIXELS, MAGS, scalar('redshift', 'text')],
      undefined,
      {},
      /redshift \(text\) can’t be the redshift: expected numbers, one for each galaxy\. Leave it out with --columns redshift=-/,
    ],
    [
      'numbers with a point for names',
      [PIXELS, MAGS, scalar('id')],
      undefined,
      {},
      /id \(float64\) can’t be the id: expected whole numbers or text.*--columns .*id=-$/,
    ],
    [
      'truth values for names',
      [PIXELS, MAGS, [{ name: 'id', type: 'bool', shape: [] }, Uint8Array.of(0, 1)]],
      undefined,
      {},
      /id \(bool\) can’t be the id/,
    ],
    [
      'several names each',
      [PIXELS, MAGS, [{ name: 'id', type: 'int64', shape: [2] }, BigInt64Array.of(1n, 2n, 3n, 4n)]],
      undefined,
      {},
      /id \(int64 \[2\]\) can’t be the id/,
    ],
    [
      'names of fewer objects',
      [PIXELS, MAGS],
      undefined,
      { unfit: new Map([['objid', 'is a list of 1, and there are 2 galaxies']]) },
      /objid, which would be the id, is a list of 1, and there are 2 galaxies/,
    ],
    [
      'what isn’t fit',
      [PIXELS, MAGS],
      { id: 'names' },
      { unfit: new Map([['names', 'is compressed']]) },
      /names, which is to be the id, is compressed/,
    ],
    [
      'an order for names',
      [PIXELS, MAGS],
      ['images', 'magnitudes'],
      {},
      /a list of columns names those of a file without names/,
    ],
    [
      'an order of another length',
      [
        [{ ...PIXELS[0], name: '0' }, PIXELS[1]],
        [{ ...MAGS[0], name: '1' }, MAGS[1]],
      ],
      ['images', 'magnitudes', 'id'],
      { unnamed: true },
      /3 columns are named \(images, magnitudes, id\), and there are 2/,
    ],
    [
      'no order',
      [
        [{ ...PIXELS[0], name: '0' }, PIXELS[1]],
        [{ ...MAGS[0], name: '1' }, MAGS[1]],
        scalar('2'),
        scalar('3', 'int64'),
      ],
      undefined,
      { unnamed: true },
      /expected TensorDataset\(.*found 4\. .*--columns images,magnitudes,redshift,id$/,
    ],
  ])('is refused with %s', (_, columns, choice, more, message) => {
    const refused = () => small(columns, choice, more);
    expect(refused).toThrow(UserInputError);
    expect(refused).toThrow(message);
    expect(refused).toThrow(/^cat\.h5: /);
  });

  it('whole numbers at the place of the truth not for a redshift', () => {
    const columns: Held[] = [PIXELS, MAGS, scalar('x', 'int64')].map(([column, values], place) => [
      { ...column, name: String(place) },
      values,
    ]);
    expect(() => small(columns, undefined, { unnamed: true })).toThrow(
      /column 2 \(int64\) is of whole numbers, which could be names or classes.*--columns images,magnitudes,id$/,
    );
    expect(small(columns, ['images', 'magnitudes', 'redshift'], { unnamed: true }).taken[2]?.what).toBe('redshift');
  });

  it('by their places in a file without names, and in any order that is said', async () => {
    const at = (place: number, [column, values]: Held): Held => [{ ...column, name: String(place) }, values];
    const usual = small([at(0, PIXELS), at(1, MAGS), at(2, scalar('z'))], undefined, { unnamed: true });
    expect(usual.taken.map(({ what, column, found }) => `${what}=${column} ${found}`)).toEqual([
      'image=0 place',
      'magnitudes=1 place',
      'redshift=2 place',
    ]);
    const said = small([at(0, scalar('id', 'int64')), at(1, MAGS), at(2, PIXELS)], ['id', 'magnitudes', 'images'], {
      unnamed: true,
    });
    expect(said.taken.map(({ what, column }) => `${what}=${column}`)).toEqual(['image=2', 'magnitudes=1', 'id=0']);
    const named = small(
      [at(0, scalar('id', 'int64')), at(1, MAGS), at(2, PIXELS)],
      { image: '2', magnitudes: '1' },
      { unnamed: true },
    );
    expect('id' in (await named.read(0, 1))).toBe(false);
  });
});

it('takes AstroMAE’s galaxies where nothing is said', () => {
  expect(galaxiesOf(memorySource('here', 3, [IMAGE, FEATURES])).taken).toEqual(
    galaxiesOf(memorySource('here', 3, [IMAGE, FEATURES]), ASTROMAE).taken,
  );
});

describe('a model that looks at images alone', () => {
  const alone: ModelSpec = { ...SMALL, features: [] };
  const at = (place: number, [column, values]: Held): Held => [{ ...column, name: String(place) }, values];

  it('takes images, truth and names, and leaves magnitudes alone', async () => {
    const source = galaxiesOf(
      memorySource('x', 2, [PIXELS, MAGS, scalar('mag_g'), scalar('z'), scalar('id', 'text')]),
      alone,
    );
    expect(source.taken.map(({ what }) => what)).toEqual(['image', 'redshift', 'id']);
    const { magnitudes, redshift } = await source.read(0, 2);
    expect([magnitudes, redshift]).toEqual([new Float64Array(0), Float64Array.of(1, 2)]);
  });

  it.each<[string, Held[], string[]]>([
    ['images', [PIXELS], ['image=0']],
    ['images and truth', [PIXELS, scalar('z')], ['image=0', 'redshift=1']],
    ['images and magnitudes', [PIXELS, MAGS], ['image=0']],
    ['images, magnitudes and truth', [PIXELS, MAGS, scalar('z')], ['image=0', 'redshift=2']],
  ])('takes %s without names by their places', (_, columns, taken) => {
    const source = {
      ...memorySource(
        'x',
        2,
        columns.map((column, place) => at(place, column)),
      ),
      unnamed: true,
    };
    expect(galaxiesOf(source, alone).taken.map(({ what, column }) => `${what}=${column}`)).toEqual(taken);
  });

  it('refuses what is said of magnitudes, and says so of features', () => {
    const source = memorySource('x', 2, [PIXELS, MAGS]);
    expect(() => galaxiesOf(source, alone, { magnitudes: 'magnitudes' })).toThrow('the model takes images alone');
    expect(() => galaxiesOf(source, alone, { mag_g: 'magnitudes' })).toThrow('the columns say what mag_g is');
    expect(() => galaxiesOf(memorySource('x', 2, [MAGS]), alone)).toThrow(/Nothing in it can be images\.$/);
  });
});

it('a source without samples is one of no galaxies, whatever its columns', async () => {
  const source = galaxiesOf(memorySource('x', 0, []), SMALL, { image: 'gone' }, ['gone', 'too']);
  const batches = [];
  for await (const batch of source.batches({ size: 2 })) batches.push(batch);
  expect([source.count, source.taken, source.carries, batches]).toEqual([0, [], [], []]);
  expect((await source.read(0, 0)).count).toBe(0);
});

describe('columns that are kept', () => {
  const keep = (
    columns: readonly Held[],
    names: readonly string[],
    { output, ...more }: { output?: ModelOutput } = {},
  ) =>
    galaxiesOf(
      { ...memorySource('cat.h5', 2, columns), ...more },
      { ...SMALL, outputs: output && [output] },
      undefined,
      names,
    );

  it('are handed on as they are, in the order that is asked for', async () => {
    const { carried } = await keep(
      [PIXELS, MAGS, scalar('ra'), scalar('z_best'), scalar('field', 'text')],
      ['field', 'ra'],
    ).read(0, 2);
    expect(carried).toEqual([
      { name: 'field', type: 'text', values: ['x', 'y'] },
      { name: 'ra', type: 'float64', values: Float64Array.of(1, 2) },
    ]);
    expect('carried' in (await keep([PIXELS, MAGS], []).read(0, 1))).toBe(false);
  });

  it.each<[string, string, object, RegExp]>([
    ['that isn’t there', 'dec', {}, /there is no column dec to keep\. It has: image/],
    [
      'of several numbers',
      'magnitudes',
      {},
      /column magnitudes \(float64 \[2\]\) can’t be kept: it is not one value for each galaxy/,
    ],
    [
      'that predictions have',
      'z_pred',
      {},
      /the column z_pred can’t be kept: predictions have one of that name by themselves/,
    ],
    [
      'that the model answers, too',
      'z_sigma',
      { output: { name: 'z', kind: 'value+sigma', sigma_is: 'sigma' } },
      /the column z_sigma can’t be kept/,
    ],
    [
      'that a number of an answer is called in CSV',
      'vector_0',
      { output: { name: 'v', kind: 'vector', length: 2 } },
      /the column vector_0 can’t be kept/,
    ],
    [
      'that lies in two groups',
      'ra',
      {},
      /the column ra, which is to be kept, could be either of a\/ra and b\/ra\..* Say which by its whole name: --keep a\/ra$/,
    ],
    ['that is a feature', 'mag_g', {}, /the column mag_g can’t be kept/],
    [
      'that can’t be read',
      'dec',
      { unfit: new Map([['dec', 'is compressed']]) },
      /dec, which is to be kept, is compressed/,
    ],
  ])('are refused: one %s', (_, name, more, message) => {
    expect(() => keep([PIXELS, MAGS, scalar('a/ra'), scalar('b/ra')], [name], more)).toThrow(message);
  });
});
