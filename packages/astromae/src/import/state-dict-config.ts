import { itemAt } from '@cosmicai/payload';
import {
  blockOutputs,
  type AstroMaeConfig,
  type EncoderConfig,
  type InceptionBlockConfig,
  type PcmConfig,
} from '../config.ts';
import { CheckpointMismatchError, MissingHyperparameterError } from './errors.ts';

/** What a bare state dict does not show. */
export interface StateDictHints {
  /** Attention heads. */
  readonly heads?: number | undefined;
  /**
   * Epsilon of the blocks' LayerNorms; default 1e-6, as masked autoencoders and timm's vision transformers set it.
   */
  readonly normEpsilon?: number | undefined;
}

/** Shapes of the tensors by name, without a `module.` prefix. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

const DEFAULT_NORM_EPSILON = 1e-6;
/** fc_norm is built with this value in the model's own code, and PyTorch's BatchNorm has this default. */
const POOL_NORM_EPSILON = 1e-6;
const BATCH_NORM_EPSILON = 1e-5;

/**
 * Reads the configuration from the shapes of a state dict.
 *
 * @throws MissingHyperparameterError when the number of heads is not given
 * @throws CheckpointMismatchError naming the first tensor that does not fit
 */
export function configOfShapes(file: string, shapes: Shapes, hints: StateDictHints): AstroMaeConfig {
  const tensors = new ShapeReader(file, shapes);
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
  const inception = inceptionOfShapes(tensors, side * patchSize);
  return {
    imageSize: side * patchSize,
    bands,
    encoder: {
      patchSize,
      embedding,
      heads,
      attentionScale: (embedding / heads) ** -0.5,
      ...blocksOfShapes(tensors),
      normEpsilon: hints.normEpsilon ?? DEFAULT_NORM_EPSILON,
      poolNormEpsilon: POOL_NORM_EPSILON,
      headFeatures: tensors.size('head.weight', 2, 0),
      hidden: tensors.size('vit_block.0.weight', 2, 0),
      features: tensors.size('vit_block.2.weight', 2, 0),
    },
    inception,
    magnitudes: magnitudesOfShapes(tensors),
    fusion: tensors.size('concat_block.0.weight', 2, 0),
  };
}

class ShapeReader {
  readonly #file: string;
  readonly shapes: Shapes;

  constructor(file: string, shapes: Shapes) {
    this.#file = file;
    this.shapes = shapes;
  }

  dims(name: string, axes: number): readonly number[] {
    const dims = this.shapes.get(name);
    if (dims?.length !== axes) throw this.mismatch(name, `a tensor of ${axes} axes`);
    return dims;
  }

  /** The size along one of so many axes. */
  size(name: string, axes: number, axis: number): number {
    return itemAt(this.dims(name, axes), axis);
  }

  has(name: string): boolean {
    return this.shapes.has(name);
  }

  /** The numbers that stand between a prefix and the rest of names. */
  indices(prefix: string, rest: RegExp): number[] {
    const found = new Set<number>();
    for (const name of this.shapes.keys()) {
      const match = name.startsWith(prefix) ? /^(\d+)\.(.*)$/.exec(name.slice(prefix.length)) : null;
      const [, index, path] = match ?? [];
      if (path !== undefined && rest.test(path)) found.add(Number(index));
    }
    return [...found].sort((a, b) => a - b);
  }

  mismatch(name: string, expected: string): CheckpointMismatchError {
    const dims = this.shapes.get(name);
    const found = dims ? `of shape [${dims.join(', ')}]` : 'missing';
    return new CheckpointMismatchError(this.#file, name, found, expected);
  }
}

function blocksOfShapes(tensors: ShapeReader): Pick<EncoderConfig, 'depth' | 'attentionBias' | 'mlpHidden' | 'pcm'> {
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

function magnitudesOfShapes(tensors: ShapeReader): number[] {
  const block = 'inception_model.magnitude_block.';
  const outputs = tensors.indices(block, /^weight$/).map((index) => tensors.size(`${block}${index}.weight`, 2, 0));
  return [tensors.size(`${block}0.weight`, 2, 1), ...outputs];
}

const SEQUENCE = 'inception_model.vis_inception.';

function inceptionOfShapes(tensors: ShapeReader, imageSize: number): AstroMaeConfig['inception'] {
  const positions = tensors.indices(SEQUENCE, /^branch1\.conv\.weight$/);
  const linears = tensors.indices(SEQUENCE, /^weight$/).filter((index) => index > 0);
  const [first, second, ...more] = linears;
  if (first === undefined || second === undefined || more.length > 0) {
    throw tensors.mismatch(`${SEQUENCE}10.weight`, 'two Linear layers after the inception blocks');
  }
  const flat = tensors.size(`${SEQUENCE}${first}.weight`, 2, 1);
  // Pools and Flatten hold no tensors: they are the gaps in the numbering. Flatten stands right before the first Linear.
  const ends = [...positions.slice(1), first - 1];
  let side = imageSize >> 1;
  const blocks = positions.map((position, index): InceptionBlockConfig => {
    const gap = itemAt(ends, index) - position;
    if (gap !== 1 && gap !== 2) {
      throw tensors.mismatch(`${SEQUENCE}${position}.branch1.conv.weight`, 'at most one pool between two blocks');
    }
    const poolAfter = gap === 2;
    side = poolAfter ? side >> 1 : side;
    const next = positions[index + 1];
    const inputsAfter =
      next === undefined ? flat / side ** 2 : tensors.size(`${SEQUENCE}${next}.branch1.conv.weight`, 4, 1);
    return blockOfShapes(tensors, `${SEQUENCE}${position}`, poolAfter, inputsAfter);
  });
  return {
    stem: tensors.size(`${SEQUENCE}0.weight`, 4, 0),
    blocks,
    batchNormEpsilon: BATCH_NORM_EPSILON,
    hidden: tensors.size(`${SEQUENCE}${first}.weight`, 2, 0),
    features: tensors.size(`${SEQUENCE}${second}.weight`, 2, 0),
  };
}

/** Whether a block runs its 5x5 branch shows in the number of channels that the layer after it takes. */
function blockOfShapes(
  tensors: ShapeReader,
  name: string,
  poolAfter: boolean,
  inputsAfter: number,
): InceptionBlockConfig {
  const outputs = (path: string): number => tensors.size(`${name}.${path}.conv.weight`, 4, 0);
  const block = {
    inputs: tensors.size(`${name}.branch1.conv.weight`, 4, 1),
    direct: outputs('branch1'),
    narrow3: outputs('branch2.0'),
    out3: outputs('branch2.1'),
    narrow5: outputs('branch3.0'),
    out5: outputs('branch3.1'),
    pooled: outputs('branch4.1'),
    poolAfter,
  };
  const all = { ...block, runs5: true };
  const without = { ...block, runs5: false };
  if (blockOutputs(all) === inputsAfter) return all;
  if (blockOutputs(without) === inputsAfter) return without;
  throw tensors.mismatch(
    `${name}.branch1.conv.weight`,
    `a block of ${blockOutputs(all)} or, without its 5x5 branch, ${blockOutputs(without)} channels; the layer after it takes ${inputsAfter}`,
  );
}
