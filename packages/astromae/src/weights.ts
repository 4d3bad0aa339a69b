import { itemAt } from '@cosmicai/payload';
import {
  featureWidths,
  flattenedInception,
  gridSide,
  type EncoderConfig,
  type InceptionBlockConfig,
  type InceptionConfig,
  type NetworkConfig,
  type TransformerConfig,
  type TrunkConfig,
} from './config.ts';
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

/** Positions of the layers in `vis_inception`. */
export interface InceptionLayout {
  readonly blocks: readonly number[];
  readonly flatten: number;
  readonly linears: readonly [number, number];
}

/** The sequence is: stem, pool, blocks with their pools, flatten, Linear, ReLU, Linear. */
export function inceptionLayout(config: Pick<InceptionConfig, 'blocks'>): InceptionLayout {
  let next = 2;
  const blocks: number[] = [];
  for (const block of config.blocks) {
    blocks.push(next);
    next += block.poolAfter ? 2 : 1;
  }
  return { blocks, flatten: next, linears: [next + 1, next + 3] };
}

/** What stands before the names of inception and magnitudes: they are a module of their own within AstroMAE. */
export function mixPrefix({ encoder }: Pick<NetworkConfig, 'encoder'>): string {
  return encoder ? 'inception_model.' : '';
}

/** Sequence and positions of the Linear layers, with ReLU between them, that join the features; undefined where none does. */
export function headLayout({
  encoder,
  transformer,
  inception,
  fusion,
  answer,
}: NetworkConfig): { readonly name: string; readonly linears: readonly number[] } | undefined {
  if (answer === 'features' || transformer || (!encoder && !inception)) return undefined;
  if (encoder) return { name: 'concat_block', linears: [0, 2] };
  // The head of inception alone begins with a ReLU.
  return fusion === undefined
    ? { name: 'Inception_head_block', linears: [1] }
    : { name: 'head_incept_mag', linears: [0, 2] };
}

/** Every tensor a checkpoint of this configuration holds, in the order of the network. */
export function weightSpecs(config: NetworkConfig): WeightSpec[] {
  const { encoder, transformer, inception, magnitudes } = config;
  const of = (branch: Branch, specs: readonly Sized[], pretrained = false) =>
    specs.map((spec) => ({ ...spec, branch, pretrained }));
  return [
    ...(encoder ? of('encoder', trunk(config, encoder), true) : []),
    ...(encoder ? of('encoder', encoderHead(encoder)) : []),
    ...(transformer ? of('encoder', [...trunk(config, transformer), ...transformerNorm(transformer)]) : []),
    ...(inception ? of('inception', inceptionWeights(config, inception)) : []),
    ...(magnitudes ? of('magnitudes', magnitudeWeights(config, magnitudes)) : []),
    ...of('fusion', head(config)),
  ];
}

export interface ParameterCounts {
  readonly total: number;
  /** Without the frozen encoder. */
  readonly fineTuned: number;
  readonly byBranch: Readonly<Record<Branch, number>>;
}

export function countParameters(config: NetworkConfig): ParameterCounts {
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

function trunk(config: NetworkConfig, transformer: TrunkConfig): Sized[] {
  const { embedding, depth, patchSize } = transformer;
  return [
    parameter('cls_token', 1, 1, embedding),
    parameter('pos_embed', 1, 1 + gridSide(config, transformer) ** 2, embedding),
    ...convolution('patch_embed.proj', config.bands, embedding, patchSize),
    ...Array.from({ length: depth }, (_, index) => encoderBlock(transformer, `blocks.${index}`)).flat(),
  ];
}

function encoderBlock({ embedding, attentionBias, mlpHidden, pcm }: TrunkConfig, name: string): Sized[] {
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

/** Name of the LayerNorm after the blocks. */
export function poolNormName({ pool }: TransformerConfig): string {
  return pool === 'class' ? 'norm' : 'fc_norm';
}

function transformerNorm(transformer: TransformerConfig): Sized[] {
  return layerNorm(poolNormName(transformer), transformer.embedding);
}

function encoderHead(encoder: EncoderConfig): Sized[] {
  return [
    ...layerNorm('fc_norm', encoder.embedding),
    ...linear('head', encoder.embedding, encoder.headFeatures),
    ...linear('vit_block.0', encoder.headFeatures, encoder.hidden),
    ...linear('vit_block.2', encoder.hidden, encoder.features),
  ];
}

function inceptionWeights(config: NetworkConfig, inception: InceptionConfig): Sized[] {
  const { stem, blocks, hidden, features } = inception;
  const sequence = `${mixPrefix(config)}vis_inception`;
  const layout = inceptionLayout(inception);
  return [
    ...convolution(`${sequence}.0`, config.bands, stem, 1),
    ...blocks.flatMap((block, index) => inceptionBlock(block, `${sequence}.${itemAt(layout.blocks, index)}`)),
    ...linear(`${sequence}.${layout.linears[0]}`, flattenedInception(config.imageSize, inception), hidden),
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

function magnitudeWeights(config: NetworkConfig, widths: readonly number[]): Sized[] {
  return widths
    .slice(1)
    .flatMap((outputs, index) =>
      linear(`${mixPrefix(config)}magnitude_block.${2 * index}`, itemAt(widths, index), outputs),
    );
}

function head(config: NetworkConfig): Sized[] {
  const { transformer, fusion, outputs = 1, answer } = config;
  if (transformer) return answer === 'features' ? [] : linear('head', transformer.embedding, outputs);
  const layout = headLayout(config);
  if (!layout) return [];
  const joined = featureWidths(config).reduce((sum, width) => sum + width, 0);
  const widths = [joined, ...(fusion === undefined ? [] : [fusion]), outputs];
  return layout.linears.flatMap((position, index) =>
    linear(`${layout.name}.${position}`, itemAt(widths, index), itemAt(widths, index + 1)),
  );
}
