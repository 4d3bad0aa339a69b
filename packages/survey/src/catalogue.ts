import { Readable } from 'node:stream';
import { UserInputError } from '@cosmicai/payload';
import { parse } from 'csv-parse';
import type { FiveBands } from './bands.ts';
import type { Photometry } from './galaxy.ts';

/** Real photometry to be rendered. */
export interface Catalogue {
  readonly rows: number;
  /** @param row 0 to rows - 1 */
  photometry(row: number): Photometry;
}

/** The catalogue can't be used as it is: which line, which column, what is wrong. */
export class CatalogueError extends UserInputError {}

const BANDS = ['u', 'g', 'r', 'i', 'z'] as const;
const REQUIRED = ['z_spec', ...BANDS.map((band) => `model_${band}`), ...BANDS.map((band) => `ext_${band}`)];
const OPTIONAL = 'radius';
const COLUMNS = [...REQUIRED, OPTIONAL];

interface Range {
  readonly least: number;
  readonly most: number;
}

/** What a value may be. Beyond these a catalogue has placeholders (-9999, 99) rather than measurements. */
function allowed(column: string): Range {
  if (column === 'z_spec') return { least: 1e-4, most: 1.5 };
  if (column === OPTIONAL) return { least: 0.01, most: 60 };
  return column.startsWith('ext_') ? { least: 0, most: 5 } : { least: 8, most: 30 };
}

// A million rows take 96 MB; a line of the widest known catalogues is below 4 KB.
const MOST_ROWS = 1_000_000;
const LONGEST_LINE = 65_536;

/**
 * Reads a CSV of real photometry: columns z_spec, model_u … model_z (magnitudes as observed), ext_u … ext_z (Galactic
 * extinction in magnitudes) and, if known, radius (half-light radius in arcsec). Other columns are left alone.
 *
 * @param name the file's name, for messages
 * @throws CatalogueError naming the line and column
 */
export async function readCatalogue(content: AsyncIterable<Uint8Array | string>, name: string): Promise<Catalogue> {
  const parser = parse({ bom: true, trim: true, skip_empty_lines: true, max_record_size: LONGEST_LINE, info: true });
  const source = Readable.from(content);
  source.on('error', (error) => parser.destroy(error));
  let places: number[] | undefined;
  const values: number[] = [];
  let rows = 0;
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      if (places === undefined) {
        places = columnPlaces(record, name);
        continue;
      }
      if (rows === MOST_ROWS) throw new CatalogueError(`${name} has more than ${MOST_ROWS} rows; split it.`);
      for (const [index, column] of COLUMNS.entries()) {
        values.push(valueOf(record[places[index]!], column, `${name}, line ${info.lines}`));
      }
      rows++;
    }
  } catch (error) {
    if (error instanceof CatalogueError || !isCsvError(error)) throw error;
    throw new CatalogueError(`${name} is not a CSV file that can be read: ${error.message}`, { cause: error });
  } finally {
    source.destroy();
  }
  if (rows === 0) throw new CatalogueError(`${name} has no rows; expected a header line and a line a galaxy.`);
  return catalogueOf(Float64Array.from(values), rows);
}

function isCsvError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_');
}

function columnPlaces(header: readonly string[], name: string): number[] {
  const missing = REQUIRED.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new CatalogueError(
      `${name} lacks the columns ${missing.join(', ')}; its header is: ${header.slice(0, 40).join(', ')}`,
    );
  }
  return COLUMNS.map((column) => header.indexOf(column));
}

/** NaN stands for a radius that is not known. */
function valueOf(text: string | undefined, column: string, where: string): number {
  if (column === OPTIONAL && (text === undefined || text === '')) return NaN;
  const value = text === undefined || text === '' ? NaN : Number(text);
  const { least, most } = allowed(column);
  if (value >= least && value <= most) return value;
  throw new CatalogueError(
    `${where}, column ${column}: found "${text ?? ''}", expected a number from ${least} to ${most}.`,
  );
}

function catalogueOf(values: Float64Array, rows: number): Catalogue {
  return {
    rows,
    photometry(row) {
      const [redshift, ...rest] = values.subarray(row * COLUMNS.length, (row + 1) * COLUMNS.length);
      const observed = rest.slice(0, 5);
      const extinction = rest.slice(5, 10);
      const radius = rest[10]!;
      return {
        redshift: redshift!,
        magnitudes: observed.map((magnitude, band) => magnitude - extinction[band]!) as unknown as FiveBands,
        extinction: extinction as unknown as FiveBands,
        ...(Number.isNaN(radius) ? {} : { radius }),
      };
    },
  };
}
