import { PARTITION_COLUMNS, type PartitionColumn } from '@cosmicai/payload';
import { UnsupportedTorchFileError } from '../errors.ts';
import { isFloat, isInteger } from '../tensor/dtype.ts';
import type { TensorRef } from '../tensor/tensor-ref.ts';
import type { TorchFile } from '../torch-file.ts';
import type { PartitionSpec } from './partition-spec.ts';
import { savedTensors, type NameList, type SavedEntry, type SavedTensors } from './saved-tensors.ts';

type Role = (typeof PARTITION_COLUMNS)[number];

/** What is expected, in the words of a refusal. */
function expectedOf({ image, features }: PartitionSpec): string {
  return `expected TensorDataset(images [n,${image.bands.length},H,W], magnitudes [n,${features.length}], redshift [n] or [n,1]), all of a float type`;
}

/** The tensors of a partition, checked to be of the right shapes. */
export interface PartitionTensors {
  readonly images: TensorRef;
  readonly magnitudes: TensorRef;
  /** Null: nobody knows them. */
  readonly redshift: TensorRef | null;
  /** Null: the objects have no names. */
  readonly id: TensorRef | NameList | null;
  /** Everything that was saved, in its order. */
  readonly saved: SavedTensors;
}

/** Keys of a dict that stand for what a partition has; compared without regard to capitals. */
const KEYS: Readonly<Record<Role, readonly string[]>> = {
  images: ['images', 'image', 'imgs', 'img', 'cutouts', 'cutout'],
  magnitudes: ['magnitudes', 'magnitude', 'mags', 'mag'],
  redshift: ['redshift', 'redshifts', 'z', 'z_spec', 'zspec', 'specz', 'spec_z'],
  id: ['id', 'ids', 'object_id', 'object_ids', 'objid', 'objids', 'specobjid', 'source_id'],
};

/** The order of a TensorDataset whose tensors nobody has named; the last one may be missing. */
const UNNAMED: readonly PartitionColumn[] = ['images', 'magnitudes', 'redshift'];

/**
 * Finds in a file what a partition has.
 *
 * @param columns what the tensors of a TensorDataset are, in order; a dict has names of its own
 * @throws UnsupportedTorchFileError when the file holds something else, or tensors of other shapes
 */
export function partitionTensors(
  file: TorchFile,
  spec: PartitionSpec,
  columns?: readonly PartitionColumn[],
): PartitionTensors {
  const expected = expectedOf(spec);
  const saved = savedTensors(file, expected);
  const found = describeEntries(saved);
  const refuse = (why: string) => new UnsupportedTorchFileError(file.name, undefined, `${why}; found ${found}`);
  const parts =
    saved.container === 'dict' ? byKey(saved, columns, expected, refuse) : byPlace(saved, columns, expected, refuse);
  const { images, magnitudes, redshift, id } = parts;
  if (!isFloatTensor(images) || !isFloatTensor(magnitudes) || (redshift && !isFloatTensor(redshift))) {
    throw refuse(expected);
  }
  const { image, features } = spec;
  const [count = NaN, bands, height = NaN, width] = images.shape;
  const fits =
    images.shape.length === 4 &&
    bands === image.bands.length &&
    height === width &&
    height >= image.side &&
    sameShape(magnitudes.shape, [count, features.length]) &&
    (redshift === undefined || isOneEach(redshift, count));
  if (!fits) {
    const square = `square images of at least ${image.side} x ${image.side} pixels and as many of each tensor`;
    throw refuse(`${expected}, ${square}`);
  }
  if (id !== undefined && !isIds(id, count)) {
    throw refuse(`expected as id whole numbers [n] or [n,1], or in a dict a list of n texts, for the ${count} images`);
  }
  return { images, magnitudes, redshift: redshift ?? null, id: id ?? null, saved };
}

type Parts = Readonly<Partial<Record<Role, SavedEntry['content']>>>;

function byPlace(
  { entries }: SavedTensors,
  columns: readonly PartitionColumn[] | undefined,
  expected: string,
  refuse: (why: string) => Error,
): Parts {
  if (columns === undefined && (entries.length < UNNAMED.length - 1 || entries.length > UNNAMED.length)) {
    const named =
      entries.length > UNNAMED.length
        ? ', or more of them and what they are: --columns images,magnitudes,redshift,id'
        : '';
    throw refuse(`${expected}${named}`);
  }
  if (columns !== undefined && columns.length !== entries.length) {
    throw refuse(
      `${columns.length} columns are named (${columns.join(', ')}), and there are ${entries.length} tensors`,
    );
  }
  const names = columns ?? UNNAMED;
  return Object.fromEntries(PARTITION_COLUMNS.map((role) => [role, entries[names.indexOf(role)]?.content]));
}

function byKey(
  { entries }: SavedTensors,
  columns: readonly PartitionColumn[] | undefined,
  expected: string,
  refuse: (why: string) => Error,
): Parts {
  if (columns !== undefined)
    throw refuse('columns name the tensors of a TensorDataset, and a dict has names of its own');
  return Object.fromEntries(
    PARTITION_COLUMNS.map((role) => {
      const named = entries.filter(({ key = '' }) => KEYS[role].includes(key.toLowerCase()));
      if (named.length > 1) throw refuse(`${named.map(({ key }) => key).join(' and ')} can't both be the ${role}`);
      if (named.length === 0 && (role === 'images' || role === 'magnitudes')) {
        throw refuse(`${expected}, or a dict of them with ${role} (${KEYS[role].join(', ')})`);
      }
      return [role, named[0]?.content];
    }),
  );
}

/** Of a state dict, say, the first ones tell what it is. */
const ENTRIES_SHOWN = 8;

function describeEntries({ entries }: SavedTensors): string {
  const texts = entries.map(({ key, content }) => {
    const what = isTensor(content)
      ? `${content.dtype} [${content.shape.join(',')}]`
      : `a list of ${content.length} ${typeof content[0] === 'string' ? 'texts' : 'whole numbers'}`;
    return key === undefined ? what : `${key} ${what}`;
  });
  const more = texts.length - ENTRIES_SHOWN;
  return texts.length === 0
    ? 'no tensors'
    : `${texts.slice(0, ENTRIES_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Whether it is a tensor, and no list of names. */
export function isTensor(content: TensorRef | NameList): content is TensorRef {
  return 'dtype' in content;
}

function isFloatTensor(content: TensorRef | NameList | undefined): content is TensorRef {
  return content !== undefined && isTensor(content) && isFloat(content.dtype);
}

function isIds(content: TensorRef | NameList, count: number): boolean {
  return isTensor(content) ? isInteger(content.dtype) && isOneEach(content, count) : content.length === count;
}

function isOneEach({ shape }: TensorRef, count: number): boolean {
  return sameShape(shape, [count]) || sameShape(shape, [count, 1]);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
