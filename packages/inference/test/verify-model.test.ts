import { InvalidInputError, UserInputError } from '@cosmicai/payload';
import type { Galaxies } from '@cosmicai/samples';
import { parseGolden, verifyModel } from '../src/index.ts';

/** Batches of three and two samples; sample k has spectroscopic redshift k / 10. */
const batches = [batch(0, 3), batch(3, 2)];

function batch(from: number, count: number): Galaxies {
  return {
    from,
    count,
    images: new Float32Array(count * 5 * 32 * 32),
    magnitudes: new Float64Array(count * 5),
    redshift: Float64Array.from({ length: count }, (_, index) => (from + index) / 10),
  };
}

/** A model that is off by the given amount for each sample. */
const off = (errors: readonly number[]) => async (samples: Galaxies) =>
  Float64Array.from(samples.redshift!, (value, index) => value + errors[samples.from + index]!);
const exact = off([0, 0, 0, 0, 0]);

describe('verifyModel', () => {
  it('finds the largest and the mean difference of two models over all batches', async () => {
    const found = await verifyModel(batches, off([0.25, 0, 0, -0.5, 0]), exact);
    expect(found).toMatchObject({ count: 5, maxDifference: 0.5, worst: 3 });
    expect(found.meanDifference).toBeCloseTo(0.15, 12);
    expect(found.redshift).toEqual(Float64Array.of(0, 0.1, 0.2, 0.3, 0.4));
    expect(found.predictions[3]).toBeCloseTo(-0.2, 12);
    expect(found.reference[3]).toBeCloseTo(0.3, 12);
  });

  it('compares all numbers that are answered for a sample', async () => {
    const two = (errors: readonly number[]) => async (samples: Galaxies) =>
      Float64Array.from({ length: 2 * samples.count }, (_, at) => at + errors[2 * samples.from + at]!);
    const found = await verifyModel(batches, two([0, 0, 0, 0, 0, 0, 0, 0.5, 0, 0]), two(new Array<number>(10).fill(0)));
    expect(found).toMatchObject({ count: 5, maxDifference: 0.5, worst: 3, meanDifference: 0.05 });
    expect(found.predictions).toHaveLength(10);
    await expect(verifyModel(batches, two(new Array<number>(10).fill(0)), exact)).rejects.toThrow(
      /The other model answers 3 numbers for a batch of samples; expected were 6/,
    );
  });

  it('compares with golden predictions in the order of the samples', async () => {
    const golden = parseGolden('{"predictions": [0, 0.1, 0.2, 0.3, 0.5]}', 'g.json');
    expect(await verifyModel(batches, exact, golden.predictions)).toMatchObject({ worst: 4 });
  });

  it.each([Number.NaN, Infinity])('calls a prediction of %d infinitely different', async (value) => {
    const found = await verifyModel(batches, off([0, value, 0, 0, 0]), exact);
    expect(found).toMatchObject({ maxDifference: Infinity, worst: 1 });
  });

  it('refuses golden predictions of other data, no data, and a model that drops samples', async () => {
    await expect(verifyModel(batches, exact, [0, 0.1, 0.2, 0.3, 0.4, 0.5])).rejects.toThrow(/6 predictions.*5 samples/);
    await expect(verifyModel(batches, exact, [0, 0.1, 0.2, 0.3])).rejects.toThrow(UserInputError);
    await expect(verifyModel([], exact, exact)).rejects.toThrow(/no samples/);
    await expect(verifyModel(batches, async () => [0.1], exact)).rejects.toThrow(
      /The model answers 1 numbers .* expected were 3/,
    );
  });

  it('refuses a golden file without predictions', () => {
    expect(() => parseGolden('{"predictions": []}', 'g.json')).toThrow(InvalidInputError);
    expect(() => parseGolden('{', 'g.json')).toThrow(/g\.json/);
  });
});
