import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MODEL_SPEC_KEY } from '@cosmicai/payload';
import { bufferSource, stateDictStream, torchFileStream, type ByteSource, type TorchValue } from '@cosmicai/torchfile';
import { compileCheckpoint, inspectModel } from '../src/index.ts';
import { decodeOnnx } from '../src/onnx/decode.ts';
import { GOLDEN_FOLDER } from './support/golden-files.ts';
import { patternInputs, patternWeights } from './support/pattern.ts';
import { largestDifference, predict } from './support/run-onnx.ts';

/** What `training/golden/import_variants.py golden` writes of each network. */
interface Network {
  readonly network: string;
  readonly density: boolean;
  readonly bands: number;
  readonly side: number;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Names of the same tensors where Dropout stands between the layers. */
  readonly dropout?: readonly string[];
  readonly predictions: readonly number[];
}

const TOLERANCE = 2e-6;
const networks = JSON.parse(readFileSync(join(GOLDEN_FOLDER, 'networks', 'networks.json'), 'utf8')) as Network[];
const named = (name: string): Network => networks.find(({ network }) => network === name)!;

type Tensors = Record<string, TorchValue>;

function tensorsOf({ shapes }: Network, prefix = ''): Tensors {
  return Object.fromEntries(
    Array.from(patternWeights(shapes), ([name, data]) => [
      prefix + name,
      { dtype: 'float32' as const, shape: shapes[name]!, data },
    ]),
  );
}

async function saved(tensors: Tensors): Promise<ByteSource> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stateDictStream(tensors)) chunks.push(chunk);
  return bufferSource('network.pt', Buffer.concat(chunks));
}

const lightning = (network: Network, hyper_parameters: TorchValue) =>
  saved({ state_dict: tensorsOf(network), hyper_parameters });

const hints = ({ network, density }: Network) => ({
  heads: 3,
  ...(density && { grid: [0, 1] as const }),
  ...(network === 'vit-uncertainty' && { sigma: 'log_variance' as const }),
  ...(network.includes('3-bands') && { bands: ['g', 'r', 'z'] }),
});

const without = (tensors: Tensors, name: string): Tensors =>
  Object.fromEntries(Object.entries(tensors).filter(([key]) => key !== name));

const refusal = async (tensors: Tensors, options: Parameters<typeof compileCheckpoint>[1] = { heads: 3 }) =>
  compileCheckpoint(await saved(tensors), options).then(
    () => 'imported',
    (error: unknown) => (error as Error).message,
  );

describe('state dicts of every network', () => {
  it.each(networks.map((network) => [network.network, network] as const))(
    'predict what PyTorch does, folded or not: %s',
    async (_, network) => {
      const source = await saved({
        ...tensorsOf(network, 'model.'),
        n_averaged: tensorsOf(network)[firstName(network)]!,
      });
      for (const fold of [true, false]) {
        const { model, prefix, assumptions } = await compileCheckpoint(source, { ...hints(network), fold });
        const answers = await predict(model, patternInputs(network.bands, network.side));
        expect(largestDifference(answers, network.predictions)).toBeLessThan(TOLERANCE);
        expect(prefix).toBe('model.');
        expect(assumptions.join('\n')).not.toContain('outside');
      }
    },
  );

  it.each(
    networks.filter(({ dropout }) => dropout !== undefined).map((network) => [network.network, network] as const),
  )('may have Dropout between any layers: %s', async (_, network) => {
    const names = Object.keys(network.shapes);
    const tensors = tensorsOf(network);
    const moved = Object.fromEntries(names.map((name, index) => [network.dropout![index]!, tensors[name]!]));
    const { model, assumptions } = await compileCheckpoint(await saved(moved), hints(network));
    const answers = await predict(model, patternInputs(network.bands, network.side));
    expect(largestDifference(answers, network.predictions)).toBeLessThan(TOLERANCE);
    expect(assumptions.join('\n')).toMatch(/modules without tensors in .*branch2.* are Dropout/);
  });

  it('take the number of heads from what Lightning keeps of the module, and say so', async () => {
    const network = named('vit');
    const { assumptions, model } = await compileCheckpoint(await lightning(network, { lr: 1, net: { num_heads: 3 } }));
    expect(assumptions.join()).toContain('3 attention heads as hyper_parameters.net.num_heads in the file says');
    const answers = await predict(model, patternInputs(network.bands, network.side));
    expect(largestDifference(answers, network.predictions)).toBeLessThan(TOLERANCE);
    for (const unclear of [{ a: { heads: 3 }, b: { heads: 4 } }, { heads: 'three' }, { lr: 1 }])
      await expect(compileCheckpoint(await lightning(network, unclear))).rejects.toThrow(
        'the number of attention heads',
      );
  });

  it('say what the two outputs of a head are, where that is said', async () => {
    const network = named('vit-uncertainty');
    const source = await saved(tensorsOf(network));
    const { model, assumptions } = await compileCheckpoint(source, { heads: 3, sigma: 'variance' });
    expect(JSON.parse(decodeOnnx(model).metadata[MODEL_SPEC_KEY]!)).toMatchObject({
      outputs: [{ name: 'redshift', kind: 'value+sigma', sigma_is: 'variance' }],
    });
    expect(assumptions.join()).toContain('the second its uncertainty');
    const other = await saved(tensorsOf(named('vit')));
    await expect(compileCheckpoint(other, { heads: 3, sigma: 'sigma' })).rejects.toThrow(
      'the network answers one redshift',
    );
    const four = await saved(tensorsOf(named('vit-class-token')));
    await expect(compileCheckpoint(four, { heads: 3, sigma: 'sigma' })).rejects.toThrow(
      'a head of 2 outputs; it has 4',
    );
  });

  it('answer the pooled tokens where there is no head, and not where it lies elsewhere', async () => {
    const network = named('vit-embedding');
    const { model, assumptions } = await compileCheckpoint(await saved(tensorsOf(network)), { heads: 3 });
    expect(JSON.parse(decodeOnnx(model).metadata[MODEL_SPEC_KEY]!)).toMatchObject({
      outputs: [{ name: 'embedding', kind: 'vector', length: 12 }],
    });
    expect(assumptions.join()).toContain('there is no head, so it is the answer');
    const tensors = tensorsOf(network, 'model.');
    const elsewhere = { ...tensors, 'regressor.head.weight': tensors['model.cls_token']! };
    expect(await refusal(elsewhere)).toContain('head.weight is there as regressor.head.weight');
  });

  it('say all that was assumed', async () => {
    const { assumptions, model } = await compileCheckpoint(await saved(tensorsOf(named('astromae-density'))), {
      heads: 3,
      grid: [0, 0.44],
    });
    const all = assumptions.join('\n');
    for (const part of [
      /3 attention heads as given/,
      /exact GELU in the MLPs, SiLU and BatchNorm epsilon 0\.00001 in the PCM/,
      /mean of the patches without the class token/,
      /average pools of 2 x 2 pixels after it and after the blocks 2, 4; a maximum of 3 x 3/,
      /ReLU between the Linear layers/,
      /order encoder, inception, magnitudes/,
      /softmax over the 11 outputs/,
      /Dropout, if any, does nothing/,
      /bands u, g, r, i, z in this order/,
    ]) {
      expect(all).toMatch(part);
    }
    expect(inspectModel(model).provenance.assumptions).toBe(assumptions.join('; '));
  });
});

describe('what a network takes and answers', () => {
  const specIn = async (network: string, options: Parameters<typeof compileCheckpoint>[1]) => {
    const { model } = await compileCheckpoint(await saved(tensorsOf(named(network))), options);
    const text = decodeOnnx(model).metadata[MODEL_SPEC_KEY];
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  };

  it('is not said where it is what models take that say nothing', async () => {
    await expect(specIn('astromae', { heads: 3 })).resolves.toBeUndefined();
    await expect(specIn('inception', {})).resolves.toBeUndefined();
  });

  it('is said of other bands and pixels', async () => {
    await expect(specIn('astromae-64px-3-bands', { heads: 3, bands: ['g', 'r', 'z'] })).resolves.toEqual({
      inputs: { image: { bands: ['g', 'r', 'z'], side: 64 }, features: ['mag_g', 'mag_r', 'mag_z'] },
      outputs: [{ name: 'redshift', kind: 'value' }],
      truth: 'redshift',
    });
  });

  it('is said of the bins of a density, and of an embedding', async () => {
    await expect(specIn('vit-class-token', { heads: 3, grid: [0, 0.3] })).resolves.toMatchObject({
      inputs: { features: [] },
      outputs: [{ name: 'density', kind: 'density', grid: [0, 0.075, 0.15, 0.225, 0.3], scores: 'probabilities' }],
    });
    await expect(specIn('inception-magnitudes-features', {})).resolves.toMatchObject({
      outputs: [{ name: 'embedding', kind: 'vector', length: 17 }],
    });
  });

  it.each<[string, string, Parameters<typeof compileCheckpoint>[1], string]>([
    [
      'bins',
      'astromae-density',
      { heads: 3 },
      'no trace of the redshifts that its 11 bins cover; give the first and the last (--grid',
    ],
    ['names of bands', 'astromae-64px-3-bands', { heads: 3 }, 'no trace of the names of its 3 bands'],
    ['each name once', 'astromae', { heads: 3, bands: ['g', 'g', 'i', 'z', 'y'] }, 'each of the bands once'],
    ['as many names', 'astromae', { heads: 3, bands: ['g'] }, 'has 5 bands; 1 were named (g)'],
    [
      'features by name',
      'magnitudes',
      { bands: ['g', 'r', 'i', 'z', 'y'], features: ['g'] },
      'has 5 features; 1 were named',
    ],
    [
      'no bins of one redshift',
      'inception',
      { grid: [0, 1] },
      'bins were given (--grid), but the network answers one redshift',
    ],
  ])('has to be given: %s', async (_, network, options, reason) => {
    await expect(refusal(tensorsOf(named(network)), options)).resolves.toContain(reason);
  });
});

describe('the place of a network in its file', () => {
  const vit = named('vit');

  it('is told where a tensor is under another prefix', async () => {
    const tensors = without(tensorsOf(vit, 'model.'), 'model.head.weight');
    await expect(refusal({ ...tensors, 'regressor.head.weight': tensorsOf(vit)['head.weight']! })).resolves.toBe(
      'network.pt: model.head.weight is missing (head.weight is there as regressor.head.weight, and the others under model.); ' +
        'expected a tensor of 2 axes',
    );
  });

  it('is chosen where there are several', async () => {
    const twice = { ...tensorsOf(vit, 'online_model.'), ...tensorsOf(vit, 'ema_model.') };
    await expect(refusal(twice)).resolves.toContain(
      'one with 2 networks (online_model., ema_model.); expected the name of the one to take (--prefix ema_model)',
    );
    await expect(refusal(twice, { heads: 3, prefix: 'ema' })).resolves.toContain('without a network under ema');
    const { model, prefix } = await compileCheckpoint(await saved(twice), { heads: 3, prefix: 'ema_model' });
    expect(prefix).toBe('ema_model.');
    expect(inspectModel(model).provenance.checkpoint_prefix).toBe('ema_model.');
  });

  it('leaves other tensors out, and says so', async () => {
    const other = tensorsOf(vit)['head.bias']!;
    const { assumptions } = await compileCheckpoint(await saved({ ...tensorsOf(vit, 'net.'), 'loss.weight': other }), {
      heads: 3,
    });
    expect(assumptions).toContain('tensors outside net. take no part: loss.weight');
  });

  it('is never that of a part of the whole network', async () => {
    const whole = tensorsOf(named('astromae'), 'model.');
    await expect(refusal(without(whole, 'model.patch_embed.proj.weight'))).resolves.toContain(
      'model.patch_embed.proj.weight is missing',
    );
    await expect(refusal(without(whole, 'model.concat_block.0.weight'))).resolves.toContain(
      'model.concat_block.0.weight is missing',
    );
  });
});

describe('a state dict of something else', () => {
  const vit = tensorsOf(named('vit'));
  const one = vit['head.bias']!;

  it.each<[string, Tensors, string]>([
    [
      'a masked autoencoder',
      { ...vit, mask_token: one, 'decoder_embed.bias': one },
      'that of a masked autoencoder in pretraining',
    ],
    ['two norms', { ...vit, 'norm.weight': vit['fc_norm.weight']! }, 'one of fc_norm'],
    ['no norm', without(without(vit, 'fc_norm.weight'), 'fc_norm.bias'), 'fc_norm.weight is missing'],
    ['LayerScale', { ...vit, 'blocks.0.ls1.gamma': one }, 'blocks.0.ls1.gamma is a tensor of shape [1]'],
    ['no tensor that is known', { bias: one }, 'patch_embed.proj.weight is missing'],
    ['Linear upon Linear', crowded(), 'magnitude_block.1.weight is right behind the layer before it'],
    ['another layer in a sequence', normed(), 'magnitude_block.2.weight is of shape [8]'],
  ])('is refused by name: %s', async (_, tensors, reason) => {
    await expect(refusal(tensors)).resolves.toContain(reason);
  });
});

/** The magnitudes with their second Linear layer right behind the first. */
function crowded(): Tensors {
  return Object.fromEntries(
    Object.entries(tensorsOf(named('magnitudes'))).map(([name, value]) => [
      name.replace('block.2.', 'block.1.'),
      value,
    ]),
  );
}

/** With a LayerNorm in the place of their second Linear layer. */
function normed(): Tensors {
  const tensors = tensorsOf(named('magnitudes'));
  return { ...tensors, 'magnitude_block.2.weight': tensors['magnitude_block.2.bias']! };
}

function firstName({ shapes }: Network): string {
  return Object.keys(shapes)[0]!;
}

describe('a module with code of its own', () => {
  const text = (value: string): string => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
  const module = (name: string, state: string): string =>
    `cmodel\n${name}\n)\x81}(${text('_parameters')}}${text('_buffers')}}${state}ub`;

  async function message(pickle: string): Promise<string> {
    const chunks = [];
    for await (const chunk of torchFileStream(Buffer.from(`\x80\x02${pickle}.`, 'latin1'), [])) chunks.push(chunk);
    return compileCheckpoint(bufferSource('hooked.pt', Buffer.concat(chunks))).then(
      () => 'imported',
      (error: unknown) => (error as Error).message,
    );
  }

  it.each([
    ['_forward_hooks', `${text('_forward_hooks')}}K\x01ctools\nclip\ns`, 'tools.clip in its _forward_hooks'],
    [
      '_forward_pre_hooks',
      `${text('_forward_pre_hooks')}}K\x01ctorch.nn.utils.weight_norm\nWeightNorm\n)\x81s`,
      'WeightNorm in its _forward_pre_hooks',
    ],
    ['forward', `${text('forward')}ctools\nother_forward\n`, 'tools.other_forward in its forward'],
  ])('is refused by what it would run: %s', async (_, state, reason) => {
    const inner = module('Head', `${text('_modules')}}${state}`);
    const pickle = module('ViT_Astro', `${text('_modules')}}(${text('head')}${inner}u`);
    const said = await message(pickle);
    expect(said).toContain(`hooked.pt: head is a model.Head with `);
    expect(said).toContain(reason);
  });

  it('is not refused for empty hooks, nor for those that only save or train', async () => {
    const state = `${text('_modules')}}${text('_forward_hooks')}}${text('_state_dict_hooks')}}K\x01ctools\nrename\ns`;
    await expect(message(module('ViT_Other', state))).resolves.toContain('is a model.ViT_Other; expected ViT_Astro');
  });
});
