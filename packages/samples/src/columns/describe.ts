import { UNREAD_COLUMN, type ModelSpec } from '@cosmicai/payload';
import type { SampleColumn, SampleSource } from '../source.ts';

/** Of a wide table, the first ones tell what it is. */
const MOST_SHOWN = 40;

/** `img (uint8 [64, 64, 3]: g, r, i)` */
export function describeColumn({ name, type, shape, parts, gaps }: SampleColumn): string {
  const dimensions = shape.length === 0 ? '' : ` [${shape.join(', ')}]`;
  const values = gaps === undefined || gaps.type === type ? type : `${gaps.type} with gaps`;
  return `${name} (${values}${dimensions}${parts === undefined ? '' : `: ${parts.join(', ')}`})`;
}

/** What a source has, and what else is in the file. */
export function describeColumns({ columns, unfit }: Pick<SampleSource, 'columns' | 'unfit'>): string {
  const all = [
    ...columns.map((column) => describeColumn(column)),
    ...[...(unfit ?? [])].map(([name, why]) => `${name}, which ${why}`),
  ];
  const more = all.length - MOST_SHOWN;
  if (all.length === 0) return 'no columns';
  return `${all.slice(0, MOST_SHOWN).join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Whether a column has one number for each galaxy. */
export function isScalar({ type, shape }: SampleColumn): boolean {
  return type !== 'text' && isOneEach(shape);
}

/** [] or [1] */
export function isOneEach(shape: readonly number[]): boolean {
  return shape.length === 0 || (shape.length === 1 && shape[0] === 1);
}

/** The column of single numbers whose name looks most like a feature's: g_cmodel_mag for mag_g. */
export function likeFeature(feature: string, columns: readonly SampleColumn[]): SampleColumn | undefined {
  const words = wordsOf(feature);
  const shared = (name: string) => wordsOf(name).filter((word) => words.includes(word)).length;
  const ranked = columns
    .filter((column) => isScalar(column))
    .map((column) => ({ column, likeness: shared(column.name) / wordsOf(column.name).length + shared(column.name) }))
    .sort((a, b) => b.likeness - a.likeness);
  const best = ranked[0];
  // The band's letter alone says more than `mag`, which all of them have.
  return best !== undefined && wordsOf(best.column.name).includes(words.at(-1) ?? '') ? best.column : undefined;
}

function wordsOf(name: string): string[] {
  return name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** What images are to be, in words. */
export function expectedImage({ image }: Pick<ModelSpec, 'image'>): string {
  const others = image.fit === 'resize' ? 'squares of another size' : 'larger squares';
  return `[${image.bands.length}, ${image.side}, ${image.side}] or ${others}, of the bands ${image.bands.join(', ')}`;
}

/** What the columns of a file without names could be, by their shapes and types, in order. */
export function orderLike(
  { columns }: Pick<SampleSource, 'columns'>,
  { features }: Pick<ModelSpec, 'features'>,
): readonly string[] {
  const taken = new Set<string>();
  return columns.map((column) => {
    const what = roleLike(column, features.length);
    if (taken.has(what)) return UNREAD_COLUMN;
    taken.add(what);
    return what;
  });
}

function roleLike({ type, shape }: SampleColumn, features: number): string {
  if (shape.length > 1) return 'images';
  if (shape.length === 1 && shape[0] === features) return 'magnitudes';
  if (!isOneEach(shape) || type === 'bool') return UNREAD_COLUMN;
  return type.startsWith('float') ? 'redshift' : 'id';
}
