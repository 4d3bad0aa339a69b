import { UserInputError } from '@cosmicai/payload';
import { galaxiesOf, truthOf, type ColumnValues, type SampleColumn } from '../src/index.ts';
import { memorySource } from './memory-source.ts';
import { galaxies } from './partitions.ts';

const BATCH = galaxies(3);
const BANDS = ['u', 'g', 'r', 'i', 'z'];
const IMAGE: [SampleColumn, ColumnValues] = [
  { name: 'flux', type: 'float32', shape: [5, 32, 32], parts: BANDS },
  BATCH.images,
];
const FEATURES: [SampleColumn, ColumnValues] = [
  { name: 'photometry', type: 'float64', shape: [5], parts: BANDS.map((band) => `mag_${band}`) },
  BATCH.magnitudes,
];
const TRUTH: [SampleColumn, ColumnValues] = [{ name: 'redshift', type: 'float64', shape: [] }, BATCH.redshift];

describe('galaxiesOf', () => {
  it('finds images and features by what they are made of, in any order, among other columns', async () => {
    const other: [SampleColumn, ColumnValues] = [{ name: 'id', type: 'text', shape: [] }, ['a', 'b', 'c']];
    const source = galaxiesOf(memorySource('here', 3, [TRUTH, other, FEATURES, IMAGE]));
    const { from, count, images, magnitudes, redshift, id } = await source.read(1, 3);
    expect({ from, count, magnitudes, redshift, id }).toEqual({
      from: 1,
      count: 2,
      magnitudes: BATCH.magnitudes.slice(5),
      redshift: BATCH.redshift.slice(1),
      id: ['b', 'c'],
    });
    expect(images).toEqual(BATCH.images.slice(5120));
    const counts: number[] = [];
    for await (const batch of source.batches({ size: 2 })) counts.push(batch.redshift!.length);
    expect(counts).toEqual([2, 1]);
  });

  it.each<[string, [SampleColumn, ColumnValues][], string]>([
    [
      'bands are in another order',
      [[{ ...IMAGE[0], parts: [...BANDS].reverse() }, BATCH.images], FEATURES, TRUTH],
      'here has no column (float32 [5, 32, 32]: u, g, r, i, z). It has: flux (float32 [5, 32, 32]: z, i, r, g, u);',
    ],
    ['there are no features', [IMAGE, TRUTH], 'has no column (float64 [5]: mag_u, mag_g, mag_r, mag_i, mag_z)'],
    [
      'the truth is of another type',
      [IMAGE, FEATURES, [{ ...TRUTH[0], type: 'float32' }, new Float32Array(3)]],
      'has no redshift (float64). It has: flux',
    ],
  ])('says what is missing where %s', (_, columns, message) => {
    const source = memorySource('here', 3, columns);
    expect(() => galaxiesOf(source)).toThrow(UserInputError);
    expect(() => galaxiesOf(source)).toThrow(message);
  });

  it('takes a source without truth, and without names', async () => {
    const batch = await galaxiesOf(memorySource('here', 3, [IMAGE, FEATURES])).read(0, 3);
    expect(batch.redshift).toBeNull();
    expect('id' in batch).toBe(false);
    expect(truthOf(batch)).toEqual(new Float64Array(3).fill(NaN));
  });

  it('refuses names of a type that names don’t have', async () => {
    const id: [SampleColumn, ColumnValues] = [{ name: 'id', type: 'float64', shape: [] }, new Float64Array(3)];
    const source = galaxiesOf(memorySource('here', 3, [IMAGE, FEATURES, id]));
    await expect(source.read(0, 1)).rejects.toThrow('hands out its column id in another type than int64 or text');
  });

  it('refuses values of another type than the source says', async () => {
    const source = galaxiesOf(memorySource('here', 3, [IMAGE, FEATURES, [TRUTH[0], new Float32Array(3)]]));
    await expect(source.read(0, 1)).rejects.toThrow('hands out its column redshift in another type than it says');
  });
});
