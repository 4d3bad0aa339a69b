import { bandAtEnd } from '../fits/bands.ts';
import type { FolderFile } from './sample-folder.ts';

/** Files that hold one galaxy: one with all of it, or one for each band. */
export interface FileObject {
  /** What they are called, without folder, ending and band: `1237648720693755918`. */
  readonly name: string;
  readonly files: readonly { readonly file: FolderFile; readonly band: string | undefined }[];
}

const FITS_NAME = /\.(fits|fit|fts)$/i;
const PACKED_NAME = /\.(fits|fit|fts)\.(fz|gz|bz2)$/i;

export function isFitsName(name: string): boolean {
  return FITS_NAME.test(name);
}

/** Whether a name is that of a FITS file that is packed, which isn't read. */
export function isPackedFitsName(name: string): boolean {
  return PACKED_NAME.test(name);
}

/**
 * Files by the galaxy that they are of. Where all names have a band at their end or beginning (`7_g.fits`, `r-7.fits`), and there
 * are several bands, the files of a galaxy are one for each band; otherwise each file is a galaxy.
 */
export function objectsOf(files: readonly FolderFile[]): FileObject[] {
  const named = files.map((file) => ({ file, ...nameAndBand(stemOf(file.name)) }));
  const bands = new Set(named.map(({ band }) => band));
  const names = new Set(named.map(({ name, band }) => `${name}\0${band}`));
  const isByBand = !bands.has(undefined) && bands.size > 1 && names.size === files.length;
  if (!isByBand) {
    return files.map((file) => ({ name: stemOf(file.name), files: [{ file, band: undefined }] }));
  }
  const objects = new Map<string, { file: FolderFile; band: string | undefined }[]>();
  for (const { file, name, band } of named) {
    const known = objects.get(name);
    if (known === undefined) objects.set(name, [{ file, band }]);
    else known.push({ file, band });
  }
  return Array.from(objects, ([name, its]) => ({ name, files: its }));
}

/** The name of a file without folders and ending. */
export function stemOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(FITS_NAME, '');
}

function nameAndBand(stem: string): { readonly name: string; readonly band: string | undefined } {
  const [, before = '', last = ''] = /^(.+)[-_.]([A-Za-z0-9]+)$/.exec(stem) ?? [];
  const end = before === '' ? undefined : bandAtEnd(last);
  if (end !== undefined) return { name: before, band: end };
  const [, first = '', after = ''] = /^([A-Za-z0-9]+)[-_.](.+)$/.exec(stem) ?? [];
  const start = after === '' ? undefined : bandAtEnd(first);
  return start === undefined ? { name: stem, band: undefined } : { name: after, band: start };
}
