import { bufferSource, stateDictStream, type ByteSource } from '@cosmicai/torchfile';
import { CheckpointMismatchError, importCheckpoint, MissingHyperparameterError, randomWeights } from '../src/index.ts';
import type { AstroMaeConfig } from '../src/config.ts';
import { floats, type FloatTensor } from '../src/graph/graph.ts';
import { narrowConfig } from './support/narrow-config.ts';

/** As the published model has them; a state dict shows neither. */
const base = narrowConfig();
const config: AstroMaeConfig = { ...base, inception: { ...base.inception, batchNormEpsilon: 1e-5 } };

async function saved(tensors: ReadonlyMap<string, FloatTensor>): Promise<ByteSource> {
  const dict = Object.fromEntries(
    Array.from(tensors, ([name, { dims, data }]) => [name, { dtype: 'float32' as const, shape: dims, data }]),
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of stateDictStream(dict)) chunks.push(chunk);
  return bufferSource('state.pt', Buffer.concat(chunks));
}

function altered(name: string, replacement: FloatTensor | undefined): Map<string, FloatTensor> {
  const tensors = new Map(randomWeights(config, 9));
  tensors.delete(name);
  if (replacement) tensors.set(name, replacement);
  return tensors;
}

const refusal = async (tensors: ReadonlyMap<string, FloatTensor>): Promise<unknown> =>
  importCheckpoint(await saved(tensors), { heads: 6 }).catch((error: unknown) => error);

describe('a state dict', () => {
  it.each<[string, AstroMaeConfig]>([
    ['cells', config],
    ['3x3 kernels, all groups', narrow({ pcm: { kernel: 3, groups: 48, hidden: 48, batchNormEpsilon: 1e-5 } })],
    ['no biases in attention', narrow({ attentionBias: 'none' })],
    ['plain blocks', narrow({ pcm: null, attentionBias: 'qkv', depth: 3 })],
    ['patches of 4 pixels', narrow({ patchSize: 4 })],
    ['patches of 16 pixels in 64', { ...narrow({ patchSize: 16 }), ...sizes(64) }],
  ])('gives back configuration and weights: %s', async (_, expected) => {
    const weights = randomWeights(expected, 4);
    const imported = await importCheckpoint(await saved(weights), { heads: expected.encoder.heads });
    expect(imported.config).toEqual(expected);
    expect(imported.form).toBe('state-dict');
    expect([...imported.weights.keys()]).toEqual([...weights.keys()]);
    for (const [name, { data }] of weights)
      expect(
        Buffer.from(
          imported.weights.get(name)!.data.buffer,
          imported.weights.get(name)!.data.byteOffset,
          data.byteLength,
        ).equals(Buffer.from(data.buffer)),
      ).toBe(true);
  });

  it('says what it took from elsewhere', async () => {
    const { assumptions } = await importCheckpoint(await saved(randomWeights(config, 4)), {
      heads: 4,
      normEpsilon: 1e-5,
    });
    expect(assumptions.join('\n')).toMatch(/4 attention heads as given/);
    expect(assumptions.join('\n')).toMatch(/0\.00001 in the blocks, as given/);
  });

  it('needs the number of heads, and one that divides the embedding', async () => {
    const source = await saved(randomWeights(config, 4));
    await expect(importCheckpoint(source)).rejects.toThrow(MissingHyperparameterError);
    await expect(importCheckpoint(source)).rejects.toThrow(/state\.pt: .*heads.*--heads/s);
    await expect(importCheckpoint(source, { heads: 7 })).rejects.toThrow(/7 was given, but must divide 48/);
  });

  it.each<[string, string, () => FloatTensor | undefined, string]>([
    ['lacks a tensor', 'blocks.1.mlp.fc2.bias', () => undefined, 'missing'],
    ['lacks the tensor read first', 'patch_embed.proj.weight', () => undefined, 'missing'],
    ['has a tensor of another shape', 'blocks.1.norm2.weight', () => zeros(47), 'of shape [47]'],
    ['has a weight that is not a number', 'head.bias', () => zeros(30, Number.NaN), 'not a number'],
    ['has positions for no square of patches', 'pos_embed', () => zeros([1, 18, 48]), 'of shape [1, 18, 48]'],
  ])('%s: refused by name', async (_, name, replacement, found) => {
    const refused = await refusal(altered(name, replacement()));
    expect(refused).toBeInstanceOf(CheckpointMismatchError);
    expect((refused as CheckpointMismatchError).path).toBe(name);
    expect((refused as Error).message).toContain(found);
  });

  it('has a tensor too many: refused by name', async () => {
    const tensors = new Map(randomWeights(config, 4)).set('blocks.0.attn.k_bias', zeros(48));
    expect(await refusal(tensors)).toMatchObject({ path: 'blocks.0.attn.k_bias' });
  });

  it('may have names with the prefixes of DataParallel and torch.compile', async () => {
    const weights = randomWeights(config, 4);
    const prefixed = new Map(Array.from(weights, ([name, tensor]) => [`module._orig_mod.${name}`, tensor]));
    await expect(importCheckpoint(await saved(prefixed), { heads: 6 })).resolves.toMatchObject({ config });
  });

  it('may leave BatchNorm counters and the second name of the stem in', async () => {
    const weights = randomWeights(config, 4);
    const tensors = new Map(weights)
      .set('inception_model.conv2d_init.weight', weights.get('inception_model.vis_inception.0.weight')!)
      .set('blocks.0.PCM.1.num_batches_tracked', zeros([]));
    await expect(importCheckpoint(await saved(tensors), { heads: 6 })).resolves.toMatchObject({ config });
  });
});

function narrow(encoder: Parameters<typeof narrowConfig>[0]): AstroMaeConfig {
  return { ...config, encoder: narrowConfig(encoder).encoder };
}

function sizes(imageSize: number): Pick<AstroMaeConfig, 'imageSize'> {
  return { imageSize };
}

function zeros(dims: number | readonly number[], value = 0): FloatTensor {
  const shape = typeof dims === 'number' ? [dims] : dims;
  return floats(shape, new Float32Array(shape.reduce((product, dim) => product * dim, 1)).fill(value));
}
