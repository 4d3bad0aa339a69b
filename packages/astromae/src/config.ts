import { ASTROMAE, itemAt } from '@cosmicai/payload';
import { z } from 'zod';

const count = z.int().positive();
const positive = z.number().positive();

const pcmSchema = z.strictObject({
  /** Side of the square convolution kernels, odd, so that the grid keeps its size. */
  kernel: count.refine((side) => side % 2 === 1, 'an odd number'),
  groups: count,
  /** Channels between the two convolutions. */
  hidden: count,
  batchNormEpsilon: positive,
});

/** Patches to pooled tokens: what the networks with a vision transformer have in common. */
const trunkSchema = z.strictObject({
  patchSize: count,
  /** Channels of a token. */
  embedding: count,
  depth: count,
  heads: count,
  /** Factor of the query before the softmax, usually (embedding / heads)^-1/2. */
  attentionScale: positive,
  /** Biases of attention's first Linear: for query and value (normal cells), for all three (plain ViT), or none. */
  attentionBias: z.enum(['none', 'qv', 'qkv']),
  mlpHidden: count,
  /** Epsilon of both LayerNorms of each block. */
  normEpsilon: positive,
  /** The convolution branch of ViTAE normal cells; null for plain ViT blocks. */
  pcm: pcmSchema.nullable(),
  /** Epsilon of the LayerNorm after the blocks, of the pooled tokens. */
  poolNormEpsilon: positive,
});

const encoderSchema = trunkSchema.extend({
  /** Outputs of `head`, then of the two Linears of `vit_block`. */
  headFeatures: count,
  hidden: count,
  features: count,
});

const transformerSchema = trunkSchema.extend({
  /** What the tokens become before `head`: their mean without the class token (fc_norm follows), or the class token (norm). */
  pool: z.enum(['patches', 'class']),
});

const inceptionBlockSchema = z.strictObject({
  inputs: count,
  /** Output channels: 1x1 branch; 3x3 branch, first and second convolution; 5x5 branch likewise; pooled branch. */
  direct: count,
  narrow3: count,
  out3: count,
  narrow5: count,
  out5: count,
  pooled: count,
  /** False when the block holds a 5x5 branch but does not run it, as the last block does. */
  runs5: z.boolean(),
  /** Whether a 2x2 average pool follows. */
  poolAfter: z.boolean(),
});

const inceptionSchema = z.strictObject({
  /** Channels of the 1x1 convolution before the first average pool. */
  stem: count,
  blocks: z.array(inceptionBlockSchema).min(1),
  batchNormEpsilon: positive,
  hidden: count,
  features: count,
});

export const astroMaeConfigSchema = z.strictObject({
  /** Side of the square image, pixels. */
  imageSize: count,
  /** Photometric bands of the image. */
  bands: count,
  encoder: encoderSchema,
  inception: inceptionSchema,
  /** Widths of the magnitude branch: its inputs, then the outputs of each Linear. */
  magnitudes: z.array(count).min(2),
  /** Width of the layer that joins the three branches. */
  fusion: count,
});

/**
 * Any of the networks that AstroMAE is made of. An encoder goes with inception and magnitudes or one of them; without one, inception
 * and magnitudes have a head of their own; a plain vision transformer stands alone, and so may the magnitudes.
 */
export const networkConfigSchema = astroMaeConfigSchema
  .partial({ encoder: true, inception: true, magnitudes: true, fusion: true })
  .extend({
    transformer: transformerSchema.optional(),
    /** Numbers that the last layer answers; absent: 1. */
    outputs: count.optional(),
    /** What the answer is where it is no redshift alone: with its uncertainty, probabilities of bins, or features without a head. */
    answer: z.enum(['density', 'uncertain', 'features']).optional(),
  });

/** Every dimension and hyperparameter of an AstroMAE regressor; with the weights it fixes the function computed. */
export type AstroMaeConfig = z.infer<typeof astroMaeConfigSchema>;
export type NetworkConfig = z.infer<typeof networkConfigSchema>;
export type TrunkConfig = z.infer<typeof trunkSchema>;
export type EncoderConfig = AstroMaeConfig['encoder'];
export type TransformerConfig = z.infer<typeof transformerSchema>;
export type PcmConfig = z.infer<typeof pcmSchema>;
export type InceptionConfig = AstroMaeConfig['inception'];
export type InceptionBlockConfig = z.infer<typeof inceptionBlockSchema>;

function evenBlock(inputs: number, width: number, poolAfter: boolean, runs5 = true): InceptionBlockConfig {
  return {
    inputs,
    direct: width,
    narrow3: width,
    out3: width,
    narrow5: width,
    out5: width,
    pooled: width,
    runs5,
    poolAfter,
  };
}

/** The published regressor: 15,902,889 parameters, 10,398,057 of them fine-tuned. */
export const PUBLISHED_CONFIG: AstroMaeConfig = {
  imageSize: ASTROMAE.image.side,
  bands: ASTROMAE.image.bands.length,
  encoder: {
    patchSize: 8,
    embedding: 192,
    depth: 12,
    // The published memory figures fit 6 best; no published file says so.
    heads: 6,
    attentionScale: 32 ** -0.5,
    attentionBias: 'qv',
    mlpHidden: 768,
    normEpsilon: 1e-6,
    pcm: { kernel: 1, groups: 48, hidden: 768, batchNormEpsilon: 1e-5 },
    poolNormEpsilon: 1e-6,
    headFeatures: 192,
    hidden: 1096,
    features: 1096,
  },
  inception: {
    stem: 32,
    blocks: [
      evenBlock(32, 16, false),
      evenBlock(64, 16, true),
      evenBlock(64, 8, false),
      evenBlock(32, 8, true),
      evenBlock(32, 4, false, false),
    ],
    batchNormEpsilon: 1e-5,
    hidden: 1096,
    features: 1096,
  },
  magnitudes: [ASTROMAE.features.length, 1024, 1024, 1024, 1024, 1024],
  fusion: 1024,
};

/** Patches along one side of the image. */
export function gridSide(
  { imageSize }: Pick<NetworkConfig, 'imageSize'>,
  { patchSize }: Pick<TrunkConfig, 'patchSize'>,
): number {
  return imageSize / patchSize;
}

/** What the network is called. */
export function networkName({ encoder, transformer, inception, magnitudes }: NetworkConfig): NetworkName {
  if (encoder) return 'AstroMAE';
  if (transformer) return 'vision transformer';
  if (!inception) return 'magnitudes';
  return magnitudes ? 'inception and magnitudes' : 'inception';
}

export const NETWORK_NAMES = [
  'AstroMAE',
  'vision transformer',
  'inception and magnitudes',
  'inception',
  'magnitudes',
] as const;
export type NetworkName = (typeof NETWORK_NAMES)[number];

/** Channels a block hands on. */
export function blockOutputs(block: InceptionBlockConfig): number {
  return block.direct + block.out3 + (block.runs5 ? block.out5 : 0) + block.pooled;
}

/** Length of the flattened output of the inception blocks: the first pool and each `poolAfter` halve the side. */
export function flattenedInception(imageSize: number, { blocks }: InceptionConfig): number {
  const side = blocks.reduce((pixels, block) => (block.poolAfter ? pixels >> 1 : pixels), imageSize >> 1);
  return blockOutputs(itemAt(blocks, blocks.length - 1)) * side * side;
}

/** Widths of the features that are joined, in this order: encoder, inception, magnitudes. */
export function featureWidths({ encoder, transformer, inception, magnitudes }: NetworkConfig): number[] {
  return [
    ...(transformer ? [transformer.embedding] : []),
    ...(encoder ? [encoder.features] : []),
    ...(inception ? [inception.features] : []),
    ...(magnitudes ? [itemAt(magnitudes, magnitudes.length - 1)] : []),
  ];
}

/** Numbers in the answer for a galaxy. */
export function answerWidth(config: NetworkConfig): number {
  return config.answer === 'features'
    ? featureWidths(config).reduce((sum, width) => sum + width, 0)
    : (config.outputs ?? 1);
}
