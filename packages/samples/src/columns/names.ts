import type { ModelSpec } from '@cosmicai/payload';
import { ID_COLUMN } from '../source.ts';

/** Names that columns usually have, without regard to capitals. */
const IMAGE = ['images', 'image', 'imgs', 'img'];
const FEATURES = ['magnitudes', 'magnitude', 'mags', 'mag'];
const REDSHIFT = ['redshift', 'redshifts', 'z_spec', 'zspec', 'specz', 'spec_z', 'specz_redshift', 'z'];
const ID = ['id', 'ids', 'object_id', 'object_ids', 'objid', 'objids', 'specobjid', 'source_id'];

/** Whether images are usually called so: `image`, `img`, or anything that begins with `cutout`. */
export function isImageName(name: string): boolean {
  const usual = name.toLowerCase();
  return IMAGE.includes(usual) || usual.startsWith('cutout');
}

export function isFeaturesName(name: string): boolean {
  return FEATURES.includes(name.toLowerCase());
}

/** Whether true values of a model's kind are usually called so; one that predicts no redshifts has its own name for them alone. */
export function isTruthName(name: string, { truth }: Pick<ModelSpec, 'truth'>): boolean {
  return name === truth || (REDSHIFT.includes(truth.toLowerCase()) && REDSHIFT.includes(name.toLowerCase()));
}

export function isIdName(name: string): boolean {
  return name === ID_COLUMN || ID.includes(name.toLowerCase());
}
