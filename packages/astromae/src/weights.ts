import { itemAt } from '@cosmicai/payload';
import { flattenedInception, gridSide, type AstroMaeConfig, type InceptionBlockConfig } from './config.ts';
import { elementCount, type FloatTensor } from './graph/graph.ts';

/** The tensors of a checkpoint under the names of its state dict, without a `module.` prefix. */
export type Weights = ReadonlyMap<string, FloatTensor>;

export type Branch = 'encoder' | 'inception' | 'magnitudes' | 'fusion';

/** What the configuration says of one tensor. */
export interface WeightSpec {
  readonly name: string;
  readonly dims: readonly number[];
  readonly branch: Branch;
  /** Parameters are learned; buffers (BatchNorm's running statistics) are not counted as such. */
  readonly role: 'parameter' | 'buffer';
  /** Came frozen from masked-autoencoder pretraining. */
  readonly pretrained: boolean;
}

/** Positions of the layers in `inception_model.vis_inception`. */
export interface InceptionLayout {
  readonly blocks: readonly number[];
  readonly flatten: number;
  readonly linears: readonly [number, number];
}

/** The sequence is: stem, pool, blocks with their pools, flatten, Linear, ReLU, Linear. */
export function inceptionLayout(config: AstroMaeConfig): InceptionLayout {
  let next = 2;
  const blocks: number[] = [];
  for (const block of config.inception.blocks) {
    blocks.push(next);
    next += block.poolAfter ? 2 : 1;
  }
  return { blocks, flatten: next, linears: [next + 1, next + 3] };
}

/** Every tensor a checkpoint of this configuration holds, in the order of the network. */
export function weightSpecs(config: AstroMaeConfig): WeightSpec[] {
  return [
    ...pretrainedEncoder(config).map((spec) => ({ ...spec, branch: 'encoder' as const, pretrained: true })),
    ...encoderHead(config).map((spec) => ({ ...spec, branch: 'encoder' as const, pretrained: false })),
    ...inception(config).map((spec) => ({ ...spec, branch: 'inception' as const, pretrained: false })),
    ...magnitudes(config).map((spec) => ({ ...spec, branch: 'magnitudes' as const, pretrained: false })),
    ...fusion(config).map((spec) => ({ ...spec, branch: 'fusion' as const, pretrained: false })),
  ];
}

export interface ParameterCounts {
  readonly total: number;
  /** Without the frozen encoder. */
  readonly fineTuned: number;
  readonly byBranch: Readonly<Record<Branch, number>>;
}

export function countParameters(config: AstroMaeConfig): ParameterCounts {
  const byBranch: Record<Branch, number> = { encoder: 0, inception: 0, magnitudes: 0, fusion: 0 };
  let fineTuned = 0;
  for (const spec of weightSpecs(config)) {
    const size = spec.role === 'parameter' ? elementCount(spec.dims) : 0;
    byBranch[spec.branch] += size;
    fineTuned += spec.pretrained ? 0 : size;
  }
  return { total: Object.values(byBranch).reduce((sum, size) => sum + size, 0), fineTuned, byBranch };
}

type Sized = Pick<WeightSpec, 'name' | 'dims' | 'role'>;

function parameter(name: string, ...dims: number[]): Sized {
  return { name, dims, role: 'parameter' };
}

function linear(name: string, inputs: number, outputs: number, bias = true): Sized[] {
  const weight = parameter(`${name}.weight`, outputs, inputs);
  return bias ? [weight, parameter(`${name}.bias`, outputs)] : [weight];
}

function convolution(name: string, inputs: number, outputs: number, kernel: number, groups = 1): Sized[] {
  return [parameter(`${name}.weight`, outputs, inputs / groups, kernel, kernel), parameter(`${name}.bias`, outputs)];
}

function layerNorm(name: string, width: number): Sized[] {
  return [parameter(`${name}.weight`, width), parameter(`${name}.bias`, width)];
}

function batchNorm(name: string, channels: number): Sized[] {
  const buffer = (statistic: string): Sized => ({ name: `${name}.${statistic}`, dims: [channels], role: 'buffer' });
  return [...layerNorm(name, channels), buffer('running_mean'), buffer('running_var')];
}

function pretrainedEncoder(config: AstroMaeConfig): Sized[] {
  const { embedding, depth, patchSize } = config.encoder;
  return [
    parameter('cls_token', 1, 1, embedding),
    parameter('pos_embed', 1, 1 + gridSide(config) ** 2, embedding),
    ...convolution('patch_embed.proj', config.bands, embedding, patchSize),
    ...Array.from({ length: depth }, (_, index) => encoderBlock(config, `blocks.${index}`)).flat(),
  ];
}

function encoderBlock({ encoder }: AstroMaeConfig, name: string): Sized[] {
  const { embedding, attentionBias, mlpHidden, pcm } = encoder;
  const splitBias =
    attentionBias === 'qv'
      ? [parameter(`${name}.attn.q_bias`, embedding), parameter(`${name}.attn.v_bias`, embedding)]
      : [];
  const convolutions = pcm
    ? [
        ...convolution(`${name}.PCM.0`, embedding, pcm.hidden, pcm.kernel, pcm.groups),
        ...batchNorm(`${name}.PCM.1`, pcm.hidden),
        ...convolution(`${name}.PCM.3`, pcm.hidden, embedding, pcm.kernel, pcm.groups),
      ]
    : [];
  return [
    ...layerNorm(`${name}.norm1`, embedding),
    ...splitBias,
    ...linear(`${name}.attn.qkv`, embedding, 3 * embedding, attentionBias === 'qkv'),
    ...linear(`${name}.attn.proj`, embedding, embedding),
    ...layerNorm(`${name}.norm2`, embedding),
    ...linear(`${name}.mlp.fc1`, embedding, mlpHidden),
    ...linear(`${name}.mlp.fc2`, mlpHidden, embedding),
    ...convolutions,
  ];
}

function encoderHead({ encoder }: AstroMaeConfig): Sized[] {
  return [
    ...layerNorm('fc_norm', encoder.embedding),
    ...linear('head', encoder.embedding, encoder.headFeatures),
    ...linear('vit_block.0', encoder.headFeatures, encoder.hidden),
    ...linear('vit_block.2', encoder.hidden, encoder.features),
  ];
}

function inception(config: AstroMaeConfig): Sized[] {
  const { stem, blocks, hidden, features } = config.inception;
  const sequence = 'inception_model.vis_inception';
  const layout = inceptionLayout(config);
  return [
    ...convolution(`${sequence}.0`, config.bands, stem, 1),
    ...blocks.flatMap((block, index) => inceptionBlock(block, `${sequence}.${itemAt(layout.blocks, index)}`)),
    ...linear(`${sequence}.${layout.linears[0]}`, flattenedInception(config), hidden),
    ...linear(`${sequence}.${layout.linears[1]}`, hidden, features),
  ];
}

function inceptionBlock(block: InceptionBlockConfig, name: string): Sized[] {
  const unit = (path: string, inputs: number, outputs: number, kernel: number): Sized[] => [
    ...convolution(`${name}.${path}.conv`, inputs, outputs, kernel),
    ...batchNorm(`${name}.${path}.bn`, outputs),
  ];
  return [
    ...unit('branch1', block.inputs, block.direct, 1),
    ...unit('branch2.0', block.inputs, block.narrow3, 1),
    ...unit('branch2.1', block.narrow3, block.out3, 3),
    ...unit('branch3.0', block.inputs, block.narrow5, 1),
    ...unit('branch3.1', block.narrow5, block.out5, 5),
    ...unit('branch4.1', block.inputs, block.pooled, 1),
  ];
}

function magnitudes(config: AstroMaeConfig): Sized[] {
  const widths = config.magnitudes;
  return widths
    .slice(1)
    .flatMap((outputs, index) =>
      linear(`inception_model.magnitude_block.${2 * index}`, itemAt(widths, index), outputs),
    );
}

function fusion(config: AstroMaeConfig): Sized[] {
  const { encoder, inception, magnitudes } = config;
  const joined = encoder.features + inception.features + itemAt(magnitudes, magnitudes.length - 1);
  return [...linear('concat_block.0', joined, config.fusion), ...linear('concat_block.2', config.fusion, 1)];
}
