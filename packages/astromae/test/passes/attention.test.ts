import { attendWithoutKeyBias } from '../../src/passes/attend-without-key-bias.ts';
import { foldAttentionScale } from '../../src/passes/fold-attention-scale.ts';
import { fuseAttention } from '../../src/passes/fuse-attention.ts';
import { expectSame } from '../support/expect-same.ts';
import { narrowConfig } from '../support/narrow-config.ts';

const variants = [
  { attentionBias: 'qv', heads: 6 },
  { attentionBias: 'none', heads: 1 },
  { attentionBias: 'qkv', heads: 12, pcm: null },
  // A scale of the checkpoint's own, not 1 / sqrt(head width).
  { attentionBias: 'qv', heads: 4, attentionScale: 0.8 },
] as const;

describe('foldAttentionScale', () => {
  it.each(variants)('moves the scale into the query weights: %j', async (variant) => {
    const { before, after } = await expectSame(narrowConfig(variant), foldAttentionScale);
    expect(after.Mul).toBe(before.Mul! - 2);
  });
});

describe('fuseAttention', () => {
  it.each(variants)('makes one operator of attention: %j', async (variant) => {
    const { after } = await expectSame(narrowConfig(variant), fuseAttention, [foldAttentionScale]);
    expect(after.MultiHeadAttention).toBe(2);
    expect(after.Softmax).toBeUndefined();
  });

  it('leaves attention alone that still scales its query', async () => {
    const { before, after } = await expectSame(narrowConfig(), fuseAttention);
    expect(after).toEqual(before);
  });
});

describe('attendWithoutKeyBias', () => {
  it.each(variants)("computes attention by ONNX's own operator: %j", async (variant) => {
    const { before, after, graph } = await expectSame(narrowConfig(variant), attendWithoutKeyBias, [
      foldAttentionScale,
      fuseAttention,
    ]);
    expect(after.Attention).toBe(2);
    expect(after.MultiHeadAttention).toBeUndefined();
    const added = (after.Add ?? 0) - (before.Add ?? 0);
    expect(added).toBe(variant.attentionBias === 'none' ? 0 : 4);
    expect(graph.nodes.filter(({ name }) => name.endsWith('key.shifted'))).toEqual([]);
  });
});
