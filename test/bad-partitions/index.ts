import { DAMAGE } from './damage.ts';
import { FORMATS } from './formats.ts';
import type { BadFolder } from './making.ts';
import { PLACES } from './places.ts';
import { SHAPES, VALUES } from './tensors.ts';

/** Folders of partitions that are wrong in some way, with what must become of each. */
export const BAD_FOLDERS: readonly BadFolder[] = [...VALUES, ...SHAPES, ...DAMAGE, ...FORMATS, ...PLACES];
