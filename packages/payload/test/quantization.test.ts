import { describeArithmetic, quantizedModels, type Arithmetic } from '../src/index.ts';

const arithmetic: Arithmetic = {
  activation_bits: 8,
  weight_bits: 7,
  source_sha256: 'ab'.repeat(32),
  galaxies: 2048,
  max_dz: 5.92e-4,
  mean_dz: 4.2e-5,
  dz_999: 5.1e-4,
};

describe('the arithmetic of a model', () => {
  it('is told in one sentence, with the model that it comes from', () => {
    expect(describeArithmetic(arithmetic)).toBe(
      `8 bits, weights of 7, from the model ${'ab'.repeat(6)}; z of 2,048 galaxies changed by at most 5.9e-4 (99.9 %: 5.1e-4; mean: 4.2e-5)`,
    );
  });

  it('is told once of each model that calculates in integers', () => {
    const results = ['d', 'c', 'd'].map((model_sha256) => ({ model_sha256, arithmetic }));
    expect(quantizedModels([{ model_sha256: 'a' }, ...results])).toEqual([
      { model_sha256: 'c', ...arithmetic },
      { model_sha256: 'd', ...arithmetic },
    ]);
    expect(quantizedModels([{ model_sha256: 'a' }])).toEqual([]);
  });
});
