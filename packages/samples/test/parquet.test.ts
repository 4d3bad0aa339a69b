import { readFileSync } from 'node:fs';
import type { ColumnChoice } from '@cosmicai/payload';
import { bufferSource } from '@cosmicai/store';
import { describeSampleSource } from '../src/conformance.ts';
import { openGalaxies, openSamples, type ColumnValues } from '../src/index.ts';
import { expectRefusedOrRead } from './damaged.ts';

const COUNT = 8;
const golden = (name: string) => new Uint8Array(readFileSync(new URL(`golden/${name}`, import.meta.url)));
const nested = golden('nested.parquet');
const bytes = golden('bytes.parquet');
const open = (content: Uint8Array) => openSamples(bufferSource('sky.parquet', content));
const each = <Item>(of: (at: number) => Item) => Array.from({ length: COUNT }, (_, at) => of(at));
const images = Float32Array.from({ length: COUNT * 18 }, (_, at) => (at % 251) / 8);

describeSampleSource('a Parquet file with nested lists', {
  open: () => open(nested),
  content: new Map<string, ColumnValues>([
    ['image', images],
    ['object_id', BigInt64Array.from(each((at) => 2n ** 60n + 1n + BigInt(at)))],
    ['z', Float64Array.from(each((at) => (at === 2 ? NaN : at / 7)))],
    ['gaps', Float64Array.from(each((at) => (at === 3 ? NaN : at)))],
    ['missing', Float64Array.from(each((at) => (at % 4 === 0 ? NaN : 2 ** 60)))],
    ['star', Float64Array.from(each((at) => (at === 1 ? NaN : 1 - (at % 2))))],
    ['large', BigUint64Array.from(each((at) => 2n ** 63n + 1n + BigInt(at)))],
    ['small', Uint8Array.from(each((at) => at))],
    ['half', Float32Array.from(each((at) => at))],
    ['flag', Uint8Array.from(each((at) => 1 - (at % 2)))],
    ['name', each((at) => `gal é ${at}`)],
  ]),
  file: { bytes: () => Promise.resolve(nested), format: 'parquet' },
});

describeSampleSource('a Parquet file with bytes, packed', {
  open: () => open(bytes),
  content: new Map<string, ColumnValues>([
    ['image', images],
    ['fixed', images],
    ['raw', images],
  ]),
  file: { bytes: () => Promise.resolve(bytes), format: 'parquet' },
});

describe('openSamples of Parquet files', () => {
  it('knows the shapes of arrays, of flat ones by what a model takes', async () => {
    const shapes = async (side?: number) => {
      const spec = side === undefined ? undefined : { image: { bands: ['g', 'r'], side }, features: [], truth: 'z' };
      const { columns } = await openSamples(bufferSource('sky.parquet', bytes), spec && { spec });
      return columns.map(({ name, shape }) => [name, shape.join()]);
    };
    expect(await shapes()).toEqual([
      ['image', '2,3,3'],
      ['fixed', '18'],
      ['raw', '18'],
    ]);
    expect(await shapes(3)).toEqual([
      ['image', '2,3,3'],
      ['fixed', '2,3,3'],
      ['raw', '2,3,3'],
    ]);
    expect(await shapes(4)).toEqual(await shapes());
  });

  it('takes flat arrays for images of more bands than a model’s, where only one number makes squares or it is said', async () => {
    const raw = async (bands: string[], side: number, columns?: ColumnChoice) => {
      const spec = { image: { bands, side }, features: [], truth: 'z' };
      const source = await openSamples(bufferSource('sky.parquet', bytes), { spec, ...(columns && { columns }) });
      return source.columns.find(({ name }) => name === 'raw')?.shape;
    };
    expect(await raw(['r'], 3)).toEqual([2, 3, 3]);
    // As many as 18 bands of one pixel.
    expect(await raw(['r'], 1)).toEqual([18]);
    expect(await raw(['r'], 1, { bands: 'g/r' })).toEqual([2, 3, 3]);
    expect(await raw(['g', 'r'], 1, { bands: 'g/r/i' })).toEqual([18]);
  });

  it('takes flat arrays for images whose channels come last, where that is said', async () => {
    const spec = { image: { bands: ['r', 'g'], side: 1 }, features: [], truth: 'z' };
    const columns = { image: 'raw', bands: 'g/r', layout: 'NHWC' };
    const source = await openGalaxies(bufferSource('sky.parquet', bytes), { spec, columns });
    expect(source.taken[0]).toMatchObject({ column: 'raw', note: expect.stringContaining('channels last') });
    const { images: found } = await source.read(1, 2);
    // The pixel in the middle of 3 x 3.
    expect([...found]).toEqual([images[18 + 9], images[18 + 8]]);
  });

  it('reads one without rows as a source without samples', async () => {
    const source = await open(golden('empty.parquet'));
    expect([source.count, source.columns.map(({ name }) => name)]).toEqual([0, ['image', 'raw', 'z']]);
    const spec = { image: { bands: ['g', 'r'], side: 1 }, features: ['small'], truth: 'z' };
    expect((await openGalaxies(bufferSource('sky.parquet', golden('empty.parquet')), { spec })).count).toBe(0);
  });

  it('gives models what they take', async () => {
    const spec = { image: { bands: ['g', 'r'], side: 1 }, features: ['small'], truth: 'z' };
    const source = await openGalaxies(bufferSource('sky.parquet', nested), { spec });
    const { images: found, id, redshift } = await source.read(2, 4);
    expect([...found]).toEqual([2, 3].flatMap((at) => [images[at * 18 + 4], images[at * 18 + 13]]));
    expect([redshift, id]).toEqual([Float64Array.of(NaN, 3 / 7), BigInt64Array.of(2n ** 60n + 3n, 2n ** 60n + 4n)]);
  });

  it('keeps whole numbers with gaps as they are, digit for digit, and takes them for no names', async () => {
    const spec = { image: { bands: ['g', 'r'], side: 1 }, features: ['small'], truth: 'z' };
    const keep = ['missing', 'gaps', 'star'];
    const source = await openGalaxies(bufferSource('sky.parquet', nested), { spec, keep });
    expect(source.carries.map(({ type }) => type)).toEqual(['int64', 'int32', 'bool']);
    const columns: unknown[][] = [[], [], []];
    for await (const { carried = [] } of source.batches({ size: 5 }))
      for (const [place, { values }] of carried.entries()) columns[place]?.push(...Array.from(values));
    expect(columns).toEqual([
      each((at) => (at % 4 === 0 ? null : 2n ** 60n + 1n + BigInt(at))),
      each((at) => (at === 3 ? null : at)),
      each((at) => (at === 1 ? null : 1 - (at % 2))),
    ]);
    const asNames = openGalaxies(bufferSource('sky.parquet', nested), { spec, columns: { id: 'missing' } });
    await expect(asNames).rejects.toThrow(/column missing \(int64 with gaps\) can’t be the id/);
  });

  it('reads a row group once for all its batches', async () => {
    const file = bufferSource('sky.parquet', nested);
    let bytesRead = 0;
    const read: typeof file.read = (from, to) => {
      bytesRead += to - from;
      return file.read(from, to);
    };
    const counted = { name: file.name, size: file.size, read };
    const bytesOf = async (size: number) => {
      const source = await openSamples(counted);
      const before = bytesRead;
      for await (const _ of source.batches({ size, columns: ['image'] }));
      return bytesRead - before;
    };
    expect(await bytesOf(1)).toBe(await bytesOf(COUNT));
  });

  it('says what else is there and why it isn’t read', async () => {
    const { columns, unfit } = await open(golden('unfit.parquet'));
    expect(columns).toEqual([
      { name: 'z', type: 'float64', shape: [] },
      { name: 'ragged', type: 'float64', shape: [1] },
    ]);
    expect(Object.fromEntries(unfit ?? [])).toEqual({
      when: 'is of a type that isn’t read: neither numbers, text, lists of numbers nor bytes',
      picture: expect.stringMatching(/^is of pictures \(PNG/),
      odd: 'is of 3 bytes, which are no float32 numbers',
      pair: 'is of a type that isn’t read: neither numbers, text, lists of numbers nor bytes',
    });
    const reading = (await open(golden('unfit.parquet'))).read(0, 2);
    await expect(reading).rejects.toThrow(
      /row 1 of ragged has 2 numbers \(float64\); expected 1 \(float64\), as in the first row/,
    );
  });

  it('refuses a damaged file or reads it, and nothing else, wherever a bit is wrong', async () => {
    await expectRefusedOrRead(nested, { first: 4, step: 101 }, (damaged) => open(damaged));
  });
});
