import { itemAt, listed } from '@cosmicai/payload';
import type { FiveBands } from './bands.ts';
import { COLUMNS, RADIUS, type ColumnMapping } from './catalogue-columns.ts';
import { CatalogueError } from './catalogue-error.ts';
import { catalogueRows } from './catalogue-rows.ts';
import type { Photometry } from './galaxy.ts';
import { countRepeated } from './repeated-rows.ts';

/** Rows of a catalogue's file. */
export interface CatalogueCounts {
  readonly read: number;
  /** Left out, with values that are not measurements. */
  readonly bad: number;
  /** Left out, with redshifts that can't be rendered without a radius. */
  readonly beyond: number;
  /** Of those that can be rendered, the same as an earlier one, number for number. */
  readonly repeated: number;
}

/** Real photometry to be rendered. */
export interface Catalogue {
  /** Rows that can be rendered. */
  readonly rows: number;
  readonly counts: CatalogueCounts;
  /** What was left out or is odd, in sentences for people, each with its count; empty for a clean catalogue. */
  readonly remarks: readonly string[];
  /** @param row 0 to rows - 1 */
  photometry(row: number): Photometry;
}

export interface CatalogueOptions {
  readonly columns?: ColumnMapping;
  /** Leave out lines with values that are not measurements, instead of refusing the catalogue at the first. */
  readonly skipBad?: boolean;
}

/** Redshifts of which luminosity and size can be told (cosmology.ts); with a radius the redshift tells nothing of the looks. */
const RENDERED = { least: 1e-4, most: 1.5 } as const;

// A million rows take 96 MB.
const MOST_ROWS = 1_000_000;

/**
 * Reads a CSV of real photometry, gzipped or not: columns z_spec, model_u … model_z (magnitudes as observed), ext_u … ext_z
 * (Galactic extinction in magnitudes) and, if known, radius (half-light radius in arcsec), or SkyServer's names of them. Other columns
 * are left alone. Cells are parted by commas, semicolons or tabs.
 *
 * @param name the file's name, for messages
 * @throws CatalogueError naming the line and column
 */
export async function readCatalogue(
  content: AsyncIterable<Uint8Array | string>,
  name: string,
  { columns = {}, skipBad = false }: CatalogueOptions = {},
): Promise<Catalogue> {
  const values: number[] = [];
  const bad: string[] = [];
  const beyond: string[] = [];
  let lines = 0;
  for await (const row of catalogueRows(content, columns, name)) {
    if (lines++ === MOST_ROWS) throw new CatalogueError(`${name} has more than ${MOST_ROWS} rows; split it.`);
    if ('problem' in row) {
      if (!skipBad)
        throw new CatalogueError(`${name}, ${row.problem} --skip-bad leaves such lines out and counts them.`);
      bad.push(row.problem);
    } else if (canRender(row.values)) values.push(...row.values);
    else beyond.push(`line ${row.line}: z = ${itemAt(row.values, 0)}`);
  }
  if (lines === 0) throw new CatalogueError(`${name} has no rows; expected a header line and a line a galaxy.`);
  const rows = values.length / COLUMNS.length;
  const table = Float64Array.from(values);
  const repeated = countRepeated(table, COLUMNS.length);
  const remarks = [...remarksOn(lines, bad, beyond), ...repetitions(repeated, rows)];
  if (rows === 0) throw new CatalogueError(`${name} has no galaxy that can be rendered.\n${remarks.join('\n')}`);
  return catalogueOf(table, rows, { read: lines, bad: bad.length, beyond: beyond.length, repeated }, remarks);
}

function canRender([redshift = NaN, ...others]: readonly number[]): boolean {
  const radiusKnown = !Number.isNaN(others[COLUMNS.indexOf(RADIUS) - 1]);
  return radiusKnown || (redshift >= RENDERED.least && redshift <= RENDERED.most);
}

function remarksOn(lines: number, bad: readonly string[], beyond: readonly string[]): string[] {
  const remarks: string[] = [];
  if (bad.length > 0) remarks.push(`${bad.length} of ${lines} rows are left out for bad values:\n${listed(bad, '  ')}`);
  if (beyond.length > 0) {
    remarks.push(
      `${beyond.length} of ${lines} rows are left out: without a radius, galaxies from z = ${RENDERED.least} to ${RENDERED.most} can be rendered:\n${listed(beyond, '  ')}`,
    );
  }
  return remarks;
}

function repetitions(repeated: number, rows: number): string[] {
  return repeated === 0 ? [] : [`${repeated} of ${rows} galaxies are the same as an earlier one, number for number.`];
}

function catalogueOf(
  values: Float64Array,
  rows: number,
  counts: CatalogueCounts,
  remarks: readonly string[],
): Catalogue {
  return {
    rows,
    counts,
    remarks,
    photometry(row) {
      const own = [...values.subarray(row * COLUMNS.length, (row + 1) * COLUMNS.length)];
      const observed = own.slice(1, 6);
      const extinction = own.slice(6, 11);
      const radius = itemAt(own, 11);
      return {
        redshift: itemAt(own, 0),
        magnitudes: observed.map((magnitude, band) => magnitude - itemAt(extinction, band)) as unknown as FiveBands,
        extinction: extinction as unknown as FiveBands,
        ...(Number.isNaN(radius) ? {} : { radius }),
      };
    },
  };
}
