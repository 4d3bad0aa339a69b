import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commonKinds } from '@cosmicai/samples';
import { fileStore } from '@cosmicai/store';
import { parquetReadObjects, parquetMetadata } from 'hyparquet';
import { encodePredictions, type PredictedSamples } from '../src/index.ts';
import { CsvEncoder } from '../src/predictions/csv-encoder.ts';
import { RankPredictions } from '../src/predictions/rank-predictions.ts';

type Carried = NonNullable<PredictedSamples['carried']>;

const ALL: Carried = [
  { name: 'ra', type: 'float64', values: Float64Array.of(10.1234567890123, NaN) },
  { name: 'mag', type: 'float32', values: Float32Array.of(0.1, -1) },
  { name: 'big', type: 'int64', values: BigInt64Array.of(2n ** 62n, -(2n ** 62n)) },
  { name: 'huge', type: 'uint64', values: BigUint64Array.of(2n ** 64n - 1n, 0n) },
  { name: 'whole', type: 'int32', values: Int32Array.of(-(2 ** 31), 7) },
  { name: 'count', type: 'uint32', values: Uint32Array.of(2 ** 32 - 1, 7) },
  { name: 'byte', type: 'uint8', values: Uint8Array.of(255, 7) },
  { name: 'star', type: 'bool', values: Uint8Array.of(1, 0) },
  { name: 'field', type: 'text', values: ['COSMOS, é', ''] },
  { name: 'tract', type: 'int64', values: [null, 2n ** 62n + 1n] },
  { name: 'visits', type: 'int16', values: [7, null] },
];

const samples = (carried: Carried | undefined, id?: PredictedSamples['id']): PredictedSamples => ({
  from: 0,
  count: 2,
  magnitudes: Float64Array.of(20, 21),
  zSpec: null,
  zPred: Float32Array.of(0.5, 1),
  flags: new Uint16Array(2),
  ...(carried && { carried }),
  ...(id && { id }),
});

const csvOf = (carried: Carried) => [...new CsvEncoder(false).add('1.pt', samples(carried))].join('');

const read = async (bytes: Uint8Array) => await parquetReadObjects({ file: new Uint8Array(bytes).buffer });

const EXPECTED = [
  {
    ra: 10.1234567890123,
    mag: Math.fround(0.1),
    big: 2n ** 62n,
    huge: '18446744073709551615',
    whole: -(2 ** 31),
    count: 2n ** 32n - 1n,
    byte: 255,
    star: true,
    field: 'COSMOS, é',
    tract: null,
    visits: 7,
  },
  {
    ra: NaN,
    mag: -1,
    big: -(2n ** 62n),
    huge: '0',
    whole: 7,
    count: 7n,
    byte: 7,
    star: false,
    field: '',
    tract: 2n ** 62n + 1n,
    visits: null,
  },
];

it('columns are kept with their types, after the names of the objects', async () => {
  const bytes = encodePredictions(0, [{ partition: 'a.h5', batches: [samples(ALL, ['x', 'y'])] }], {
    features: ['mag_g'],
  });
  const names = parquetMetadata(new Uint8Array(bytes).buffer).schema.map(({ name }) => name);
  expect(names.slice(1)).toEqual([
    'rank',
    'partition',
    'index',
    'z_spec',
    'z_pred',
    'mag_g',
    'flags',
    'id',
    ...ALL.map(({ name }) => name),
  ]);
  const rows = await read(bytes);
  EXPECTED.forEach((row, at) => expect(rows[at]).toMatchObject(row));
});

describe('of several files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cosmicai-carried-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('they stay when a later file names its objects in another way', async () => {
    const store = fileStore(folder);
    await using file = new RankPredictions(store, 'p.parquet', { rank: 3, features: ['mag_g'] });
    await file.add('a.pt', samples(ALL, BigInt64Array.of(1n, 2n)));
    await file.add('b.pt', samples(ALL, ['x', 'y']));
    await file.finish();
    const rows = await read(await store.get('p.parquet'));
    expect(rows).toMatchObject(['1', '2', 'x', 'y'].map((id) => ({ id })));
    [...EXPECTED, ...EXPECTED].forEach((row, at) => expect(rows[at]).toMatchObject(row));
  });

  it.each<[string, Carried | undefined, RegExp]>([
    [
      'of another type',
      [{ name: 'ra', type: 'int64', values: new BigInt64Array(2) }],
      /The column ra, which is kept, is int64 in b\.pt and float64 in the files that were looked at before, which doesn't hold its values/,
    ],
    ['not there', undefined, /The column ra, which is kept, is not there in b\.pt/],
  ])('one that is %s is refused by the file’s name', async (_, carried, message) => {
    await using file = new RankPredictions(fileStore(folder), 'p.parquet', { rank: 3, features: ['mag_g'] });
    await file.add('a.pt', samples([{ name: 'ra', type: 'float64', values: new Float64Array(2) }]));
    await expect(file.add('b.pt', samples(carried))).rejects.toThrow(message);
  });

  it('they are as wide as the widest file has them', async () => {
    const carried = [
      { name: 'ra', type: 'float64' },
      { name: 'tract', type: 'int64' },
    ] as const;
    await using file = new RankPredictions(fileStore(folder), 'p.parquet', { rank: 0, features: ['mag_g'], carried });
    await file.add('a.pt', samples(NARROW));
    await file.add('b.pt', samples(WIDE));
    await file.finish();
    const rows = await read(await fileStore(folder).get('p.parquet'));
    expect(rows).toMatchObject([
      { ra: 0.5, tract: 7n },
      { ra: Math.fround(0.1), tract: -8n },
      { ra: 0.1, tract: 2n ** 62n },
      { ra: NaN, tract: 0n },
    ]);
  });
});

const NARROW: Carried = [
  { name: 'ra', type: 'float32', values: Float32Array.of(0.5, 0.1) },
  { name: 'tract', type: 'int16', values: Int16Array.of(7, -8) },
];
const WIDE: Carried = [
  { name: 'ra', type: 'float64', values: Float64Array.of(0.1, NaN) },
  { name: 'tract', type: 'int64', values: BigInt64Array.of(2n ** 62n, 0n) },
];

describe('the type of a column that files have in several', () => {
  const of = (...types: Carried[number]['type'][]) =>
    commonKinds(types.map((type, at) => ({ name: `${at}.pt`, kinds: [{ name: 'x', type }] })))[0]?.type;

  it.each<[Carried[number]['type'][], string]>([
    [['int32', 'int64'], 'int64'],
    [['int64', 'int32'], 'int64'],
    [['float32', 'float64'], 'float64'],
    [['uint8', 'int8'], 'int16'],
    [['uint32', 'int32'], 'int64'],
    [['int32', 'float32'], 'float64'],
    [['int16', 'float32'], 'float32'],
    [['text', 'text'], 'text'],
  ])('%j become %s', (types, expected) => {
    expect(of(...types)).toBe(expected);
  });

  it.each<Carried[number]['type'][][]>([
    [['int64', 'float64']],
    [['uint64', 'int64']],
    [['text', 'int32']],
    [['bool', 'uint8']],
  ])('%j have none', (types) => {
    expect(() => of(...types)).toThrow(`The column x, which is kept, is ${types[1]} in 1.pt and ${types[0]} in 0.pt`);
  });

  it('a file without the column is named', () => {
    const files = [
      { name: 'a.pt', kinds: [{ name: 'x', type: 'int32' } as const] },
      { name: 'b.pt', kinds: [] },
    ];
    expect(() => commonKinds(files)).toThrow('The column x, which is kept, is not there in b.pt');
  });
});

it('infer writes them so, too', async () => {
  const batches = (carried: Carried) => [samples(carried)];
  const bytes = encodePredictions(
    0,
    [
      { partition: 'a.pt', batches: batches(NARROW) },
      { partition: 'b.pt', batches: batches(WIDE) },
    ],
    { features: ['mag_g'] },
  );
  expect((await read(bytes)).map((row): unknown => row.ra)).toEqual([0.5, Math.fround(0.1), 0.1, NaN]);
});

it('booleans are true and false in CSV, as in catalogues, and nothing where there is none', () => {
  const star = { name: 'star', type: 'bool', values: Uint8Array.of(1, 0) } as const;
  const known = { name: 'known', type: 'bool', values: [true, null] } as const;
  expect(csvOf([star, known])).toBe('index,z_spec,z_pred,flags,star,known\n0,,0.5,0,true,true\n1,,1,0,false,\n');
});
