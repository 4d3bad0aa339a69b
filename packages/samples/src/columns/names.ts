import type { ModelSpec } from '@cosmicai/payload';
import { ID_COLUMN, type SampleColumn, type SampleSource } from '../source.ts';

/** Names that columns usually have, without regard to capitals. */
const IMAGE = ['images', 'image', 'imgs', 'img'];
const FEATURES = ['magnitudes', 'magnitude', 'mags', 'mag'];
const REDSHIFT = ['redshift', 'redshifts', 'z_spec', 'zspec', 'specz', 'spec_z', 'specz_redshift', 'z'];
const ID = ['id', 'ids', 'object_id', 'object_ids', 'objid', 'objids', 'specobjid', 'source_id'];
/** Filters beside which a `z` is one, too. */
const FILTERS = ['g', 'r', 'i'];

/** What a column is called in its group: `mag_g` of `photometry/mag_g`. */
export function ownName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The columns of a name, which may be that in their group: the one of this very path, or all that end in it. */
export function columnsNamed(columns: readonly SampleColumn[], name: string): readonly SampleColumn[] {
  const exact = columns.filter((column) => column.name === name);
  return exact.length > 0 ? exact : columns.filter((column) => ownName(column.name) === name);
}

/** Why what is called so in a file can't be a column. */
export function whyUnfit(
  { unfit = new Map<string, string>() }: Pick<SampleSource, 'unfit'>,
  name: string,
): string | undefined {
  return unfit.get(name) ?? [...unfit].find(([path]) => ownName(path) === name)?.[1];
}

/** Whether images are usually called so: `image`, `img`, or anything that begins with `cutout`. */
export function isImageName(name: string): boolean {
  const usual = ownName(name).toLowerCase();
  return IMAGE.includes(usual) || usual.startsWith('cutout');
}

export function isFeaturesName(name: string): boolean {
  return FEATURES.includes(ownName(name).toLowerCase());
}

/**
 * Whether true values of a model's kind are usually called so; one that predicts no redshifts has its own name for them alone.
 *
 * @param beside the names of all columns: among g, r and i of its group a `z` is a magnitude
 */
export function isTruthName(name: string, { truth }: Pick<ModelSpec, 'truth'>, beside: readonly string[]): boolean {
  const own = ownName(name);
  if (own === truth) return true;
  if (!REDSHIFT.includes(truth.toLowerCase()) || !REDSHIFT.includes(own.toLowerCase())) return false;
  const group = name.slice(0, -own.length);
  return own.toLowerCase() !== 'z' || !FILTERS.some((band) => beside.includes(`${group}${band}`));
}

export function isIdName(name: string): boolean {
  const own = ownName(name);
  return own === ID_COLUMN || ID.includes(own.toLowerCase());
}
