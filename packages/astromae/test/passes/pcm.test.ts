import { clusterPointwisePcm } from '../../src/passes/cluster-pointwise-pcm.ts';
import { foldBatchNorm } from '../../src/passes/fold-batch-norm.ts';
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
