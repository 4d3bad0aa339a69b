import { ASTROMAE, itemAt } from '@cosmicai/payload';
import type { NetworkConfig, PcmConfig, TrunkConfig } from '../config.ts';
import { CheckpointMismatchError, MissingHyperparameterError } from './errors.ts';
import { BATCH_NORM_EPSILON, inceptionOfShapes } from './inception-shapes.ts';
import { ShapeReader, type Shapes, type TensorNames } from './shape-reader.ts';

/** What a bare state dict does not show. */
export interface StateDictHints {
  /** Attention heads. */
  readonly heads?: number | undefined;
  /**
   * Epsilon of the blocks' LayerNorms; default 1e-6, as masked autoencoders and timm's vision transformers set it.
   */
  readonly normEpsilon?: number | undefined;
  /** What stands before the names of the network to take, where a file holds several: `ema_model`, `state_dict_ema`. */
  readonly prefix?: string | undefined;
}

/** fc_norm is built with this value in the model's own code, timm's norm likewise. */
const DEFAULT_NORM_EPSILON = 1e-6;
const POOL_NORM_EPSILON = 1e-6;
/** Of a network of magnitudes alone, which reads no pixel: the usual image. */
const UNREAD_IMAGE = ASTROMAE.image.side;

/**
 * Reads from the shapes of a state dict which network it is, and its configuration.
 *
 * @throws MissingHyperparameterError when the number of heads is not given
 * @throws CheckpointMismatchError naming the first tensor that does not fit
 */
export function configOfShapes(file: string, shapes: Shapes, hints: StateDictHints, names: TensorNames): NetworkConfig {
  const tensors = new ShapeReader(file, shapes, names);
  if (tensors.any('decoder_') || tensors.has('mask_token')) {
    throw new CheckpointMismatchError(
      file,
      'the state dict',
      'that of a masked autoencoder in pretraining, which reconstructs images',
      'a network that was fine-tuned to answer redshifts',
    );
  }
  if (tensors.any('vit_block.') || tensors.any('concat_block.') || tensors.any('inception_model.')) {
    return fusedConfig(file, tensors, hints);
  }
  if (tensors.any('vis_inception.')) return mixConfig(tensors);
  if (tensors.any('magnitude_block.') && !tensors.any('patch_embed.')) return magnitudesConfig(tensors);
  return transformerConfig(file, tensors, hints);
}

/** ViT_Astro: an encoder, and beside it inception and magnitudes, or one of them. */
function fusedConfig(file: string, tensors: ShapeReader, hints: StateDictHints): NetworkConfig {
  const { imageSize, bands, trunk } = trunkOfShapes(file, tensors, hints);
  return {
    imageSize,
    bands,
    encoder: {
      ...trunk,
      headFeatures: tensors.size('head.weight', 2, 0),
      hidden: tensors.size('vit_block.0.weight', 2, 0),
      features: tensors.size('vit_block.2.weight', 2, 0),
    },
    ...(tensors.any('inception_model.vis_inception.') && {
      inception: inceptionOfShapes(tensors, 'inception_model.', imageSize).inception,
    }),
    ...(tensors.any('inception_model.magnitude_block.') && {
      magnitudes: magnitudesOfShapes(tensors, 'inception_model.'),
    }),
    fusion: tensors.size('concat_block.0.weight', 2, 0),
    ...answerOf(tensors.size('concat_block.2.weight', 2, 0)),
  };
}

/** Input_Mix_Model by itself: inception, with magnitudes or without, and the head that its flags gave it, or none. */
function mixConfig(tensors: ShapeReader): NetworkConfig {
  const { inception, imageSize } = inceptionOfShapes(tensors, '', undefined);
  return {
    imageSize,
    bands: tensors.size('vis_inception.0.weight', 4, 1),
    inception,
    ...(tensors.any('magnitude_block.') && { magnitudes: magnitudesOfShapes(tensors, '') }),
    ...mixHead(tensors),
  };
}

function mixHead(tensors: ShapeReader): Pick<NetworkConfig, 'fusion' | 'outputs' | 'answer'> {
  if (tensors.any('Inception_head_block.')) return answerOf(tensors.size('Inception_head_block.1.weight', 2, 0));
  if (!tensors.any('head_incept_mag.')) return { answer: 'features' };
  return {
    fusion: tensors.size('head_incept_mag.0.weight', 2, 0),
    ...answerOf(tensors.size('head_incept_mag.2.weight', 2, 0)),
  };
}

function magnitudesConfig(tensors: ShapeReader): NetworkConfig {
  const magnitudes = magnitudesOfShapes(tensors, '');
  const [inputs = 0] = magnitudes;
  return { imageSize: UNREAD_IMAGE, bands: inputs, magnitudes, ...answerOf(itemAt(magnitudes, magnitudes.length - 1)) };
}

/** The vision transformer of timm and of masked autoencoders, with one Linear layer as its head, or without one. */
function transformerConfig(file: string, tensors: ShapeReader, hints: StateDictHints): NetworkConfig {
  const { imageSize, bands, trunk } = trunkOfShapes(file, tensors, hints);
  const [norm, poolNorm] = [tensors.has('norm.weight'), tensors.has('fc_norm.weight')];
  if (norm === poolNorm) {
    throw tensors.mismatch(
      'fc_norm.weight',
      'one of fc_norm (after the mean of the patches) and norm (before the class token is taken)',
    );
  }
  return {
    imageSize,
    bands,
    transformer: { ...trunk, pool: norm ? 'class' : 'patches' },
    ...(tensors.isNowhere('head.weight') ? { answer: 'features' } : answerOf(tensors.size('head.weight', 2, 0))),
  };
}

/** A head of several outputs gives a density over bins. */
export function answerOf(outputs: number): Pick<NetworkConfig, 'outputs' | 'answer'> {
  return outputs === 1 ? {} : { outputs, answer: 'density' };
}

function trunkOfShapes(
  file: string,
  tensors: ShapeReader,
  hints: StateDictHints,
): { readonly imageSize: number; readonly bands: number; readonly trunk: TrunkConfig } {
  const [embedding, bands, patchSize] = tensors.dims('patch_embed.proj.weight', 4) as [number, number, number];
  const positions = tensors.size('pos_embed', 3, 1);
  const side = Math.sqrt(positions - 1);
  if (!Number.isInteger(side) || side === 0) {
    throw tensors.mismatch('pos_embed', 'one position for the class token and a square of patches');
  }
  const heads = hints.heads;
  if (heads === undefined) {
    throw new MissingHyperparameterError(
      file,
      'the number of attention heads',
      `give it (--heads), e.g. 6 as the published memory figures suggest; it must divide ${embedding}`,
    );
  }
  if (!Number.isInteger(heads) || heads < 1 || embedding % heads !== 0) {
    throw new MissingHyperparameterError(
      file,
      'the number of attention heads',
      `${heads} was given, but must divide ${embedding}`,
    );
  }
  return {
    imageSize: side * patchSize,
    bands,
    trunk: {
      patchSize,
      embedding,
      heads,
      attentionScale: (embedding / heads) ** -0.5,
      ...blocksOfShapes(tensors),
      normEpsilon: hints.normEpsilon ?? DEFAULT_NORM_EPSILON,
      poolNormEpsilon: POOL_NORM_EPSILON,
    },
  };
}

function blocksOfShapes(tensors: ShapeReader): Pick<TrunkConfig, 'depth' | 'attentionBias' | 'mlpHidden' | 'pcm'> {
  const hasSplitBias = tensors.has('blocks.0.attn.q_bias');
  const hasWholeBias = tensors.has('blocks.0.attn.qkv.bias');
  return {
    depth: tensors.indices('blocks.', /^attn\.qkv\.weight$/).length,
    attentionBias: hasWholeBias ? 'qkv' : hasSplitBias ? 'qv' : 'none',
    mlpHidden: tensors.size('blocks.0.mlp.fc1.weight', 2, 0),
    pcm: tensors.has('blocks.0.PCM.0.weight') ? pcmOfShapes(tensors) : null,
  };
}

function pcmOfShapes(tensors: ShapeReader): PcmConfig {
  const [hidden, groupInputs, kernel] = tensors.dims('blocks.0.PCM.0.weight', 4) as [number, number, number];
  const embedding = tensors.size('blocks.0.PCM.3.weight', 4, 0);
  const groups = embedding / groupInputs;
  if (!Number.isInteger(groups) || kernel % 2 === 0) {
    throw tensors.mismatch('blocks.0.PCM.0.weight', `an odd kernel and whole groups of ${embedding} channels`);
  }
  return { kernel, groups, hidden, batchNormEpsilon: BATCH_NORM_EPSILON };
}

function magnitudesOfShapes(tensors: ShapeReader, prefix: string): number[] {
  const block = `${prefix}magnitude_block.`;
  const outputs = tensors.indices(block, /^weight$/).map((index) => tensors.size(`${block}${index}.weight`, 2, 0));
  return [tensors.size(`${block}0.weight`, 2, 1), ...outputs];
}
