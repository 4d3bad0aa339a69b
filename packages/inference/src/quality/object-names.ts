import { hash } from 'node:crypto';
import type { ObjectIds } from '@cosmicai/samples';
import { ImageHashes } from './image-hashes.ts';
import { repeatedHashes } from './repeated-hashes.ts';

/** Names of objects as they pass: how many are empty, and 8 bytes of each other one, to find those that several objects have. */
export class ObjectNames {
  #empty = 0;
  #values: ImageHashes | undefined;

  get empty(): number {
    return this.#empty;
  }

  add(names: ObjectIds | undefined): void {
    if (names === undefined) return;
    this.#values ??= new ImageHashes();
    if (names instanceof BigInt64Array) {
      this.#values.add(new BigUint64Array(names.buffer, names.byteOffset, names.length));
      return;
    }
    const filled = names.filter((name) => name !== '');
    this.#empty += names.length - filled.length;
    this.#values.add(BigUint64Array.from(filled, (name) => hash('sha256', name, 'buffer').readBigUInt64LE()));
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
  const [one, other] = (example ?? []).map((place) => partitions[place]?.partition);
  const where = one === other ? '' : ` (${repeated === 1 ? '' : 'one of them '}in ${one} and ${other})`;
  return [
    ...(nameless > 0
      ? [
          `${nameless} ${nameless === 1 ? 'galaxy has an empty name' : 'galaxies have an empty name'} (id), as in ${empty[0]?.partition}.`,
        ]
      : []),
    ...(repeated > 0
      ? [`${repeated} ${repeated === 1 ? 'name (id) is that' : 'names (id) are those'} of several galaxies${where}.`]
      : []),
  ];
}
