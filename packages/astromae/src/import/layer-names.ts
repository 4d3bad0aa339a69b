import { groupBy, itemAt } from '@cosmicai/payload';
import type { TensorRef } from '@cosmicai/torchfile';
import { inceptionLayout, mixPrefix } from '../weights.ts';
import type { NetworkConfig } from '../config.ts';

/** A tensor and what it is called in the file. */
export interface NamedTensor {
  readonly ref: TensorRef;
  readonly original: string;
}

export type NamedTensors = ReadonlyMap<string, NamedTensor>;

interface Renumbered {
  readonly tensors: NamedTensors;
  /** Sequences with more places between their layers than the network has: modules without tensors stand there. */
  readonly widened: readonly string[];
  /** Layers that follow each other with nothing between them, as they are called in the file. */
  readonly crowded: readonly string[];
}

/** Sequences of layers, and the place of each of these that holds tensors. */
const SEQUENCES: readonly { readonly parent: RegExp; readonly place: (index: number) => number }[] = [
  { parent: sequence('vit_block|concat_block|magnitude_block|head_incept_mag'), place: (index) => 2 * index },
  { parent: sequence('Inception_head_block'), place: (index) => 2 * index + 1 },
  { parent: sequence('PCM'), place: (index) => index + (index >> 1) },
  { parent: sequence('branch2|branch3'), place: (index) => index },
  { parent: sequence('branch4'), place: (index) => index + 1 },
];

function sequence(names: string): RegExp {
  return new RegExp(`^((?:.*\\.)?(?:${names}))\\.(\\d+)\\.(.+)$`);
}

/**
 * Dropout has no tensors, but a place in a sequence, which moves the numbers of the layers behind it. Gives layers the numbers
 * that they have without it.
 */
export function renumbered(tensors: NamedTensors): Renumbered {
  const widened: string[] = [];
  const crowded: string[] = [];
  let renamed = tensors;
  for (const { parent, place } of SEQUENCES) {
    const sequences = groupBy(parts(renamed, parent), ({ sequence: name }) => name);
    for (const [name, layers] of sequences) {
      const found = [...new Set(layers.map(({ index }) => index))].sort((a, b) => a - b);
      found.forEach((index, order) => {
        const gap = index - (found[order - 1] ?? 0);
        if (gap < place(order) - (order === 0 ? 0 : place(order - 1))) {
          const there = layers.filter((layer) => layer.index === index).map(({ original }) => original);
          crowded.push(there.find((tensor) => tensor.endsWith('.weight')) ?? there[0] ?? name);
        }
      });
      if (itemAt(found, found.length - 1) > place(found.length - 1)) widened.push(name);
      renamed = moved(renamed, name, new Map(found.map((index, order) => [index, place(order)])));
    }
  }
  return { tensors: renamed, widened, crowded };
}

/** The same for the sequence of inception blocks, whose pools show only together with its configuration. */
export function renumberedInception(tensors: NamedTensors, config: NetworkConfig): NamedTensors {
  if (!config.inception) return tensors;
  const name = `${mixPrefix(config)}vis_inception`;
  const found = [...new Set(parts(tensors, sequence('vis_inception')).map(({ index }) => index))].sort((a, b) => a - b);
  const { blocks, linears } = inceptionLayout(config.inception);
  const places = [0, ...blocks, ...linears];
  return moved(tensors, name, new Map(found.map((index, order) => [index, places[order] ?? index])));
}

interface Part {
  readonly sequence: string;
  readonly index: number;
  readonly original: string;
}

function parts(tensors: NamedTensors, parent: RegExp): Part[] {
  return Array.from(tensors).flatMap(([name, { original }]) => {
    const [, found, index] = parent.exec(name) ?? [];
    return found === undefined ? [] : [{ sequence: found, index: Number(index), original }];
  });
}

function moved(tensors: NamedTensors, name: string, places: ReadonlyMap<number, number>): NamedTensors {
  const start = `${name}.`;
  return new Map(
    Array.from(tensors, ([key, tensor]) => {
      const [, index, rest] = key.startsWith(start) ? (/^(\d+)\.(.+)$/.exec(key.slice(start.length)) ?? []) : [];
      const place = index === undefined ? undefined : places.get(Number(index));
      return [place === undefined ? key : `${start}${place}.${rest ?? ''}`, tensor];
    }),
  );
}
