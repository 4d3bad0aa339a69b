import {
  isInOrder,
  PARTITION_COLUMNS,
  UNREAD_COLUMN,
  type ColumnChoice,
  type ColumnNames,
  type ModelSpec,
} from '@cosmicai/payload';
import { ID_COLUMN, type SampleColumn, type SampleSource } from '../source.ts';
import { isScalar } from './describe.ts';
import type { Refusals } from './refusals.ts';

/** What is said of a source's columns, by whoever reads it or by their usual order. */
export interface SaidColumns {
  /** Columns by what they are, with the model's own name for the truth. */
  readonly names: ColumnNames;
  /** Whether what was said is the order of the columns, or nothing and the order is the usual one. */
  readonly byPlace: boolean;
  /** Whether nothing was said, and nothing in the file says what is what. */
  readonly inUsualOrder: boolean;
}

/** The order of files whose tensors nobody has named; the last one may be missing. */
const UNNAMED = ['images', 'magnitudes', 'redshift'] as const;
/** Of those without magnitudes. */
const IMAGES_ALONE = ['images', 'redshift'] as const;

/** @throws UnusableFileError for what the model doesn't take, or an order that the source can't have */
export function saidColumns(
  source: SampleSource,
  spec: ModelSpec,
  choice: ColumnChoice | undefined,
  refusals: Refusals,
): SaidColumns {
  const isUnnamed = source.unnamed === true;
  const isByName = choice !== undefined && !isInOrder(choice);
  return {
    names: isByName ? checked(choice, spec, refusals) : placed(source, spec, choice, refusals),
    byPlace: choice === undefined ? isUnnamed : !isByName,
    inUsualOrder: choice === undefined && isUnnamed,
  };
}

function checked(choice: ColumnNames, { features, truth }: ModelSpec, refusals: Refusals): ColumnNames {
  const known = ['image', 'magnitudes', ...features, truth, ID_COLUMN, 'layout', 'bands'];
  const named = Object.entries(choice).map(([what, column]): [string, string] => {
    if (what === 'images') return ['image', column];
    return [what === 'redshift' && !features.includes(what) ? truth : what, column];
  });
  for (const [what, column] of named) {
    if (!known.includes(what))
      throw refusals.refuse(`the columns say what ${what} is, and the model takes ${known.slice(0, -2).join(', ')}`);
    if (what === 'layout' && column !== 'NCHW' && column !== 'NHWC')
      throw refusals.refuse(`the layout of images is NCHW or NHWC, and the columns say ${column}`);
  }
  if (choice.image === UNREAD_COLUMN || choice.images === UNREAD_COLUMN) throw refusals.refuse('a model takes images');
  return Object.fromEntries(named);
}

function placed(
  { columns, unnamed }: SampleSource,
  spec: ModelSpec,
  order: Extract<ColumnChoice, readonly unknown[]> | undefined,
  refusals: Refusals,
): ColumnNames {
  if (unnamed !== true) {
    if (order === undefined) return {};
    throw refusals.refuse('a list of columns names those of a file without names, and this one has names of its own');
  }
  const isImageOnly = spec.features.length === 0;
  const usual = isImageOnly && isTruthLike(columns[1]) ? IMAGES_ALONE : UNNAMED;
  const places = order ?? usual.slice(0, columns.length);
  const fewest = isImageOnly ? 1 : UNNAMED.length - 1;
  if (order === undefined && (columns.length < fewest || columns.length > usual.length)) {
    throw refusals.refuse(
      `expected TensorDataset(images, magnitudes, redshift), or more of them and what they are; found ${columns.length}`,
    );
  }
  if (places.length !== columns.length) {
    throw refusals.refuse(`${places.length} columns are named (${places.join(', ')}), and there are ${columns.length}`);
  }
  const names = PARTITION_COLUMNS.map((role): [string, string] => {
    const what = { images: 'image', magnitudes: 'magnitudes', redshift: spec.truth, id: ID_COLUMN }[role];
    return [what, columns[(places as readonly string[]).indexOf(role)]?.name ?? UNREAD_COLUMN];
  });
  return Object.fromEntries(names);
}

/** Whether a column at the second place can only be the truth. */
function isTruthLike(column: SampleColumn | undefined): boolean {
  return column !== undefined && isScalar(column);
}
