import { clusterPointwisePcm } from '../../src/passes/cluster-pointwise-pcm.ts';
import { foldBatchNorm } from '../../src/passes/fold-batch-norm.ts';
import { shiftByOnes } from '../../src/passes/shift-by-ones.ts';
import { expectSame } from '../support/expect-same.ts';
import { narrowConfig } from '../support/narrow-config.ts';

const withPcm = (kernel: number, groups: number, embedding: number) =>
  narrowConfig({ embedding, heads: 3, pcm: { kernel, groups, hidden: 2 * embedding, batchNormEpsilon: 1e-5 } });

describe('clusterPointwisePcm', () => {
  // One dense cluster; groups joined three by three; groups of the smallest width; wide groups as they are.
  it.each([
    [1, 24],
    [12, 48],
    [96, 96],
    [2, 96],
  ])('turns 1x1 convolutions of %i groups over %i channels into products over tokens', async (groups, embedding) => {
    const config = withPcm(1, groups, embedding);
    const { before, after } = await expectSame(config, clusterPointwisePcm, [foldBatchNorm]);
    expect(after.Conv).toBe(before.Conv! - 4);
    expect(after.QuickGelu).toBe(2);
  });

  it('leaves convolutions that look at neighbours on the grid', async () => {
    const { before, after } = await expectSame(withPcm(3, 12, 48), clusterPointwisePcm, [foldBatchNorm]);
    expect(after).toEqual(before);
  });
});

describe('shiftByOnes', () => {
  it.each([
    [1, 24],
    [12, 48],
    [2, 96],
  ])('adds the biases of clusters of %i groups over %i channels within their product', async (groups, embedding) => {
    const { before, after } = await expectSame(withPcm(1, groups, embedding), shiftByOnes, [
      foldBatchNorm,
      clusterPointwisePcm,
    ]);
    expect(after.Add).toBe(before.Add! - 2);
    expect(after.Pad).toBe((before.Pad ?? 0) + 2);
  });

  it('leaves a branch on the grid alone', async () => {
    const { before, after } = await expectSame(withPcm(3, 12, 48), shiftByOnes, [foldBatchNorm]);
    expect(after).toEqual(before);
  });
});
