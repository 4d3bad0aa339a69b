import { itemAt } from '@cosmicai/payload';
import { BANDS } from './bands.ts';
import { CatalogueError } from './catalogue-error.ts';

/** In this order: redshift, magnitudes as observed, Galactic extinction. */
const REQUIRED = ['z_spec', ...BANDS.map((band) => `model_${band}`), ...BANDS.map((band) => `ext_${band}`)];
/** Half-light radius in arcsec. */
export const RADIUS = 'radius';
export const COLUMNS: readonly string[] = [...REQUIRED, RADIUS];

/** SkyServer's names of the same quantities (tables SpecObj, SpecPhoto and PhotoObj). */
const SKYSERVER: ReadonlyMap<string, string> = new Map([
  ['z_spec', 'z'],
  ...BANDS.flatMap((band): [string, string][] => [
    [`model_${band}`, `modelmag_${band}`],
    [`ext_${band}`, `extinction_${band}`],
  ]),
]);

/** Columns of a catalogue by ours: `{ model_u: 'psfMag_u' }`. */
export type ColumnMapping = Readonly<Record<string, string>>;

/** What a value may be. Beyond these a catalogue has placeholders (-9999, 99) rather than measurements. */
export function allowed(column: string): { readonly least: number; readonly most: number } {
  // A near galaxy's own motion may outdo the expansion; spectra reach no further than 12 in surveys.
  if (column === 'z_spec') return { least: -0.01, most: 12 };
  if (column === RADIUS) return { least: 0.01, most: 60 };
  return column.startsWith('ext_') ? { least: 0, most: 5 } : { least: 8, most: 30 };
}

/** Is this line the one that names the columns, as far as names tell? */
export function looksLikeHeader(cells: readonly string[]): boolean {
  return namedOnce('z_spec', cells) || namedOnce('model_u', cells);
}

function namedOnce(column: string, cells: readonly string[]): boolean {
  return cells.some((cell) => [column, SKYSERVER.get(column)].includes(cell.toLowerCase()));
}

/**
 * Where each of `COLUMNS` stands in the header, from 0; -1 for a radius that isn't there. Names are ours or SkyServer's, in
 * capitals or not; a mapping goes before both.
 *
 * @throws CatalogueError for columns that are missing, or there twice
 */
export function columnPlaces(header: readonly string[], mapping: ColumnMapping, name: string): number[] {
  for (const column of Object.keys(mapping)) {
    if (!COLUMNS.includes(column)) {
      throw new CatalogueError(`There is no column "${column}" to be mapped; known: ${COLUMNS.join(', ')}.`);
    }
  }
  const places = COLUMNS.map((column) => placeOf(column, header, mapping, name));
  const missing = COLUMNS.filter((column, index) => places[index] === -1 && column !== RADIUS);
  const [first] = missing;
  if (first === undefined) return places;
  const redshiftOrBand = missing.includes('z_spec') && header.some((cell) => cell.toLowerCase() === 'z');
  throw new CatalogueError(
    `${name} lacks the columns ${missing.join(', ')}; its header is: ${shown(header)}. ` +
      (redshiftOrBand ? 'Beside bare u, g, r, i, its z may be a magnitude. ' : '') +
      `If it has them under other names, say so: --columns ${first}=NAME`,
  );
}

function placeOf(column: string, header: readonly string[], mapping: ColumnMapping, name: string): number {
  const given = mapping[column];
  if (given !== undefined) {
    const place = onlyPlace(header, (cell) => cell === given, column, name);
    if (place !== -1) return place;
    throw new CatalogueError(
      `${name} has no column "${given}" to be taken as ${column}; its header is: ${shown(header)}`,
    );
  }
  const folded = header.map((cell) => cell.toLowerCase());
  const own = onlyPlace(folded, (cell) => cell === column, column, name);
  if (own !== -1) return own;
  // In PhotoObj, bare letters are magnitudes.
  if (column === 'z_spec' && BANDS.some((band) => band !== 'z' && folded.includes(band))) return -1;
  return onlyPlace(folded, (cell) => cell === SKYSERVER.get(column), column, name);
}

function onlyPlace(cells: readonly string[], fits: (cell: string) => boolean, column: string, name: string): number {
  const places = cells.flatMap((cell, index) => (fits(cell) ? [index] : []));
  const [first, ...others] = places;
  if (first === undefined) return -1;
  if (others.length === 0) return first;
  throw new CatalogueError(
    `${name} has the column ${itemAt(cells, first)} ${places.length} times (columns ${places.map((place) => place + 1).join(' and ')}), ` +
      `so which one is ${column} can't be told. Rename or remove all but one.`,
  );
}

function shown(header: readonly string[]): string {
  const text = header.slice(0, 40).join(', ');
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
