import { ASTROMAE, itemAt } from '@cosmicai/payload';
import { blockOutputs, type InceptionBlockConfig, type InceptionConfig } from '../config.ts';
import type { CheckpointMismatchError } from './errors.ts';
import type { ShapeReader } from './shape-reader.ts';

/** PyTorch's default. */
export const BATCH_NORM_EPSILON = 1e-5;

interface InceptionShape {
  readonly inception: InceptionConfig;
  readonly imageSize: number;
}

/** @param given the side of images where another part of the network tells it */
export function inceptionOfShapes(tensors: ShapeReader, prefix: string, given: number | undefined): InceptionShape {
  const sequence = `${prefix}vis_inception.`;
  const positions = tensors.indices(sequence, /^branch1\.conv\.weight$/);
  const [stem, first, second, ...more] = tensors.indices(sequence, /^weight$/);
  const last = positions[positions.length - 1];
  if (stem === undefined || first === undefined || second === undefined || last === undefined || more.length > 0) {
    throw tensors.mismatch(`${sequence}10.weight`, 'a 1x1 convolution, inception blocks and two Linear layers');
  }
  const flat = tensors.size(`${sequence}${first}.weight`, 2, 1);
  // Pools, Flatten and Dropout hold no tensors: they are the gaps in the numbering. Flatten stands before the first Linear.
  const ends = [...positions.slice(1), first - 1];
  const gaps = positions.map((position, index) => itemAt(ends, index) - position);
  const fewest = gaps.findIndex((gap) => gap < 1);
  if (stem !== 0 || itemAt(positions, 0) < 2 || fewest >= 0 || second - first < 2) {
    throw tensors.mismatch(
      `${sequence}${positions[0]}.branch1.conv.weight`,
      'a pool behind the stem, Flatten and ReLU',
    );
  }
  const block = (index: number, poolAfter: boolean): Omit<InceptionBlockConfig, 'runs5'> =>
    blockOfShapes(tensors, `${sequence}${itemAt(positions, index)}`, poolAfter);
  const ending = block(positions.length - 1, false);
  const { pools, imageSize, side } = poolsOf(tensors, sequence, { gaps, flat, ending, given });
  const blocks = positions.map((position, index): InceptionBlockConfig => {
    const next = positions[index + 1];
    const inputsAfter =
      next === undefined ? flat / side ** 2 : tensors.size(`${sequence}${next}.branch1.conv.weight`, 4, 1);
    return withBranches(tensors, `${sequence}${position}`, block(index, itemAt(pools, index)), inputsAfter);
  });
  return {
    imageSize,
    inception: {
      stem: tensors.size(`${sequence}0.weight`, 4, 0),
      blocks,
      batchNormEpsilon: BATCH_NORM_EPSILON,
      hidden: tensors.size(`${sequence}${first}.weight`, 2, 0),
      features: tensors.size(`${sequence}${second}.weight`, 2, 0),
    },
  };
}

/**
 * Which gaps hold a pool. Where each of them does, or where that leaves the pixels that the Linear layer takes; a network that
 * doesn't tell the side of its images has one in each.
 */
function poolsOf(
  tensors: ShapeReader,
  sequence: string,
  {
    gaps,
    flat,
    ending,
    given,
  }: {
    readonly gaps: readonly number[];
    readonly flat: number;
    readonly ending: Omit<InceptionBlockConfig, 'runs5'>;
    readonly given: number | undefined;
  },
): { readonly pools: readonly boolean[]; readonly imageSize: number; readonly side: number } {
  const channels = [true, false].map((runs5) => blockOutputs({ ...ending, runs5 }));
  const wide = gaps.map((gap) => gap > 1);
  const count = wide.filter(Boolean).length;
  if (given === undefined) {
    const side = channels.map((width) => Math.sqrt(flat / width)).find((length) => Number.isInteger(length));
    if (side === undefined) throw unlike();
    const size = (pools: readonly boolean[]): number => side * 2 ** (pools.filter(Boolean).length + 1);
    const pools = asPublished(wide) && size(wide) !== ASTROMAE.image.side ? gaps.map(isPublishedPool) : wide;
    return { pools, imageSize: size(pools), side };
  }
  const left = (number: number): number => given >> (number + 1);
  const fits = (number: number): boolean => channels.includes(flat / left(number) ** 2);
  if (fits(count)) return { pools: wide, imageSize: given, side: left(count) };
  // Fewer pools than gaps: some are Dropout.
  const published = gaps.map(isPublishedPool);
  const number = published.filter(Boolean).length;
  if (asPublished(wide) && fits(number)) return { pools: published, imageSize: given, side: left(number) };
  throw unlike();

  function unlike(): CheckpointMismatchError {
    return tensors.mismatch(
      `${sequence}${tensors.indices(sequence, /^weight$/)[1]}.weight`,
      `inputs from ${channels.join(' or, without the 5x5 branch, ')} channels of a square of pixels`,
    );
  }
}

/** As published, pools follow every second block. */
function isPublishedPool(_: unknown, index: number): boolean {
  return index % 2 === 1;
}

function asPublished(gaps: readonly boolean[]): boolean {
  return gaps.every((wide, index) => wide || !isPublishedPool(wide, index));
}

function blockOfShapes(tensors: ShapeReader, name: string, poolAfter: boolean): Omit<InceptionBlockConfig, 'runs5'> {
  const outputs = (path: string): number => tensors.size(`${name}.${path}.conv.weight`, 4, 0);
  return {
    inputs: tensors.size(`${name}.branch1.conv.weight`, 4, 1),
    direct: outputs('branch1'),
    narrow3: outputs('branch2.0'),
    out3: outputs('branch2.1'),
    narrow5: outputs('branch3.0'),
    out5: outputs('branch3.1'),
    pooled: outputs('branch4.1'),
    poolAfter,
  };
}

/** Whether a block runs its 5x5 branch shows in the number of channels that the layer after it takes. */
function withBranches(
  tensors: ShapeReader,
  name: string,
  block: Omit<InceptionBlockConfig, 'runs5'>,
  inputsAfter: number,
): InceptionBlockConfig {
  const all = { ...block, runs5: true };
  const without = { ...block, runs5: false };
  if (blockOutputs(all) === inputsAfter) return all;
  if (blockOutputs(without) === inputsAfter) return without;
  throw tensors.mismatch(
    `${name}.branch1.conv.weight`,
    `a block of ${blockOutputs(all)} or, without its 5x5 branch, ${blockOutputs(without)} channels; the layer after it takes ${inputsAfter}`,
  );
}
