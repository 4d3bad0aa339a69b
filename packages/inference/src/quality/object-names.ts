import { hash } from 'node:crypto';
import type { ObjectIds } from '@cosmicai/samples';
import { ImageHashes } from './image-hashes.ts';
import { repeatedHashes } from './repeated-hashes.ts';

/**
 * Names of objects as they pass: how many are empty, and a hash of each other one, as of images, to find those that several objects have. A
 * number and its digits are the same name.
 */
export class ObjectNames {
  #empty = 0;
  #values: ImageHashes | undefined;

  get empty(): number {
    return this.#empty;
  }

  add(names: ObjectIds | undefined): void {
    if (names === undefined) return;
    this.#values ??= new ImageHashes();
    const hashes = new BigUint64Array(names.length);
    let filled = 0;
    for (const name of names) {
      const text = String(name);
      if (text !== '') hashes[filled++] = hash('sha256', text, 'buffer').readBigUInt64LE();
    }
    this.#empty += names.length - filled;
    this.#values.add(hashes.subarray(0, filled));
  }

  /** Ascending. */
  sorted(): BigUint64Array {
    return this.#values?.sorted() ?? new BigUint64Array(0);
  }
}

/** One sentence for each thing that keeps predictions from being joined to their objects. */
export function namesFindings(
  partitions: readonly { readonly partition: string; readonly names: ObjectNames }[],
): readonly string[] {
  const empty = partitions.filter(({ names }) => names.empty > 0);
  const nameless = empty.reduce((sum, { names }) => sum + names.empty, 0);
  const { galaxies: repeated, example } = repeatedHashes(partitions.map(({ names }) => names.sorted()));
  const nameOf = (place: number) => partitions[place]?.partition ?? '';
  return [
    ...(nameless > 0
      ? [
          `${nameless} ${nameless === 1 ? 'galaxy has an empty name' : 'galaxies have an empty name'} (id), as in ${empty[0]?.partition}.`,
        ]
      : []),
    ...(example === undefined ? [] : [describeRepeatedNames(repeated, true, [nameOf(example[0]), nameOf(example[1])])]),
  ];
}

/** @param holders two places that have a name in common, or twice the one that has it twice */
export function describeRepeatedNames(count: number, exact: boolean, [one, other]: readonly [string, string]): string {
  const where = one === other ? '' : ` (${count === 1 ? '' : 'one of them '}in ${one} and ${other})`;
  return `${exact ? '' : 'About '}${count} ${count === 1 ? 'name (id) is that' : 'names (id) are those'} of several galaxies${where}.`;
}
