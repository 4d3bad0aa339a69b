import { itemAt } from '@cosmicai/payload';
import type { StateDict, TensorRef } from '@cosmicai/torchfile';
import { CheckpointMismatchError } from './errors.ts';

/** A network's tensors among those of a file. */
export interface FoundNetwork {
  /** What stands before the names in the file, the keys of dicts included: `state_dict.model.`; empty where nothing does. */
  readonly place: string;
  /** By name, without what stands before it. */
  readonly tensors: ReadonlyMap<string, TensorRef>;
  /** Names of the same dict's other tensors. */
  readonly outside: readonly string[];
}

/** Tensors that one of the networks has and nothing else. */
const MARKS =
  /^((?:.*\.)?)(?:patch_embed\.proj\.weight|pos_embed|vis_inception\.\d+\.weight|magnitude_block\.\d+\.weight|concat_block\.\d+\.weight)$/;
/** The module within AstroMAE that would be a network of its own. */
const PART = /(^|\.)inception_model\.$/;
/** Counters of what averages weights: EMA, SWA. */
const COUNTERS = /^(n_averaged|num_updates|initted|step|decay)$/;

/**
 * Finds networks by tensors that only they have, under whatever prefix wrappers gave them.
 *
 * @param wanted the place of the one to take, where there are several
 * @throws CheckpointMismatchError where there are several and none is chosen, or none is where one was said to be
 */
export function networkIn(
  file: string,
  dicts: readonly StateDict[],
  wanted: string | undefined,
): FoundNetwork | undefined {
  const found = dicts.flatMap((dict) => networksOf(dict));
  const chosen = wanted === undefined ? found : found.filter(({ place }) => bare(place) === bare(wanted));
  if (chosen.length === 1 || found.length === 0) return chosen[0];
  const places = found.map(({ place }) => (place === '' ? 'names without a prefix' : place)).join(', ');
  throw new CheckpointMismatchError(
    file,
    'the checkpoint',
    wanted === undefined
      ? `one with ${found.length} networks (${places})`
      : `without a network under ${wanted}; there is ${places}`,
    wanted === undefined
      ? `the name of the one to take (--prefix ${bare(itemAt(found, found.length - 1).place)})`
      : 'one of these',
  );
}

/** Whether there is one at all. */
export function hasNetwork(dicts: readonly StateDict[]): boolean {
  return dicts.some(({ tensors }) => [...tensors.keys()].some((name) => MARKS.test(name)));
}

function bare(place: string): string {
  return place.replace(/\.$/, '');
}

function networksOf({ path, tensors }: StateDict): FoundNetwork[] {
  const names = [...tensors.keys()];
  const prefixes = new Set(names.flatMap((name) => prefixOf(name)));
  return [...prefixes].map((prefix) => {
    const within = (name: string): boolean =>
      name.startsWith(prefix) && ![...prefixes].some((other) => other.length > prefix.length && name.startsWith(other));
    return {
      place: [...path, prefix].join('.'),
      tensors: new Map(
        Array.from(tensors)
          .filter(([name]) => within(name))
          .map(([name, ref]) => [name.slice(prefix.length), ref]),
      ),
      outside: names.filter((name) => !within(name) && !COUNTERS.test(name)),
    };
  });
}

function prefixOf(name: string): string[] {
  const prefix = MARKS.exec(name)?.[1];
  return prefix === undefined ? [] : [prefix.replace(PART, '$1')];
}

/** What is said of a tensor that is nowhere in the file. */
export const MISSING = 'missing';

/** That a tensor isn't there, and where it is, when it has another prefix than the others. */
export function missing({ place, outside }: FoundNetwork, name: string): string {
  const elsewhere = outside.find((other) => other === name || other.endsWith(`.${name}`));
  return elsewhere === undefined
    ? MISSING
    : `missing (${name} is there as ${elsewhere}, and the others under ${place === '' ? 'no prefix' : place})`;
}
