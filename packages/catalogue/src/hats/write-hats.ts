import { Readable } from 'node:stream';
import type { ObjectStore } from '@cosmicai/store';
import type { RowGroup } from 'hyparquet';
import { metadataOf } from '../formats/parquet/metadata.ts';
import { ParquetPieces, rowsPerGroup } from '../formats/parquet/parquet.ts';
import { FINEST_ORDER, pixelsOf } from '../healpix/nested.ts';
import type { Chunk, Table } from '../table/column.ts';
import { positionColumns } from './position.ts';
import { HEALPIX_COLUMN, sortedBySky } from './sort-by-sky.ts';

/** Of pixels that make files: 3,145,728 at most. */
export const HIGHEST_ORDER = 9;
/** Folders that hold the files of so many pixels. */
const PIXELS_IN_FOLDER = 10_000;

export interface HatsOptions {
  readonly store: ObjectStore;
  /** What keys begin with: empty, or ending in a slash. */
  readonly prefix: string;
  /** Of the pixels that have a file each. */
  readonly order: number;
  /** A word for the catalogue. */
  readonly name: string;
  /** A folder for what doesn't fit in memory; undefined: one among the temporary files. */
  readonly scratch: string | undefined;
  /** Rows that are sorted at once. */
  readonly most?: number;
  /** When it is written; default: now. */
  readonly created?: Date;
}

/**
 * Writes a table as HATS lays catalogues out (https://www.ivoa.net/documents/Notes/HATS/, 1.0): a Parquet file for each pixel of the
 * sky that has rows, sorted by HEALPix, and what tells of them. The properties come last: without them it is no catalogue.
 *
 * @throws UserInputError where rows have no positions
 */
export async function writeHats(
  table: Table,
  { store, prefix, order, name, scratch, most, created = new Date() }: HatsOptions,
): Promise<{ readonly pixels: number }> {
  const position = positionColumns(table.columns);
  const columns = [HEALPIX_COLUMN, ...table.columns];
  const described = { ...table, columns };
  const sorted = sortedBySky(table, { position, scratch, most });
  const files: PixelFile[] = [];
  try {
    const cursor = new PixelCursor(sorted, order, rowsPerGroup(columns));
    for (let pixel = await cursor.pixel(); pixel !== undefined; pixel = await cursor.pixel()) {
      const file = new ParquetPieces(columns, (longest) => metadataOf(described, longest));
      const path = pathOf(order, pixel);
      const content = Readable.from(bytesOf(file, cursor, pixel), { objectMode: false });
      const { size } = await store.put(`${prefix}dataset/${path}`, content);
      files.push({ pixel, rows: file.rows, bytes: size, groups: inFile(file.rowGroups, path) });
    }
  } finally {
    // What was sorted and isn't to be written any more has files to remove.
    await sorted.return(undefined);
  }
  const all = new ParquetPieces(columns, (longest) => metadataOf(described, longest));
  await store.put(`${prefix}dataset/_common_metadata`, all.end());
  const metadata = new ParquetPieces(columns, (longest) => metadataOf(described, longest));
  metadata.tellOf(files.flatMap(({ groups }) => groups));
  await store.put(`${prefix}dataset/_metadata`, metadata.end());
  await store.put(
    `${prefix}partition_info.csv`,
    ['Norder,Npix', ...files.map(({ pixel }) => `${order},${pixel}`), ''].join('\n'),
  );
  const properties = propertiesOf(table, {
    obs_collection: name,
    dataproduct_type: 'object',
    hats_nrows: table.rows,
    hats_col_ra: position.ra.name,
    hats_col_dec: position.dec.name,
    hats_col_healpix: HEALPIX_COLUMN.name,
    hats_col_healpix_order: FINEST_ORDER,
    hats_npix_suffix: '.parquet',
    hats_max_rows: files.reduce((largest, { rows }) => Math.max(largest, rows), 1),
    hats_order: order,
    hats_estsize: Math.ceil(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1024),
    // To the minute, as other writers of HATS have it.
    hats_creation_date: created.toISOString().replace(/:\d\d\.\d+Z$/, 'Z'),
    hats_release_date: '2025-08-22',
    hats_version: 'v1.0',
    // Few pixels of a high order are less than a hundred-thousandth of the sky.
    moc_sky_fraction: Number((files.length / pixelsOf(order)).toPrecision(6)),
  });
  // Readers before version 0.6 of the library know the second name.
  for (const file of ['hats.properties', 'properties']) await store.put(`${prefix}${file}`, properties);
  return { pixels: files.length };
}

interface PixelFile {
  readonly pixel: number;
  readonly rows: number;
  readonly bytes: number;
  readonly groups: readonly RowGroup[];
}

function pathOf(order: number, pixel: number): string {
  const folder = Math.floor(pixel / PIXELS_IN_FOLDER) * PIXELS_IN_FOLDER;
  return `Norder=${order}/Dir=${folder}/Npix=${pixel}.parquet`;
}

async function* bytesOf(file: ParquetPieces, cursor: PixelCursor, pixel: number): AsyncGenerator<Uint8Array> {
  while ((await cursor.pixel()) === pixel) yield file.group(cursor.take());
  yield file.end();
}

function inFile(groups: readonly RowGroup[], path: string): RowGroup[] {
  return groups.map((group) => ({ ...group, columns: group.columns.map((chunk) => ({ ...chunk, file_path: path })) }));
}

/** Sorted rows, of one pixel at a time. */
class PixelCursor {
  readonly #chunks: AsyncIterator<Chunk>;
  readonly #shift: bigint;
  readonly #most: number;
  #chunk: Chunk = { rows: 0, values: [] };
  #row = 0;

  constructor(chunks: AsyncGenerator<Chunk>, order: number, most: number) {
    this.#chunks = chunks;
    this.#shift = BigInt(2 * (FINEST_ORDER - order));
    this.#most = most;
  }

  /** That of the next row; undefined at the end. */
  async pixel(): Promise<number | undefined> {
    while (this.#row === this.#chunk.rows) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      [this.#chunk, this.#row] = [next.value, 0];
    }
    return this.#pixelOf(this.#row);
  }

  /** Rows of that pixel, as many as a row group has at most. */
  take(): Chunk {
    const from = this.#row;
    const pixel = this.#pixelOf(from);
    const end = Math.min(this.#chunk.rows, from + this.#most);
    let to = from + 1;
    while (to < end && this.#pixelOf(to) === pixel) to++;
    this.#row = to;
    return { rows: to - from, values: this.#chunk.values.map((values) => values.slice(from, to)) };
  }

  #pixelOf(row: number): number {
    const pixel = this.#chunk.values[0]?.[row];
    return typeof pixel === 'bigint' ? Number(pixel >> this.#shift) : NaN;
  }
}

/** A file of Java properties: what HATS asks for, and the table's own facts. */
function propertiesOf({ title, facts }: Table, known: Readonly<Record<string, string | number>>): string {
  const own = facts.map(({ name, value }): [string, string | number] =>
    name === 'software' ? ['hats_builder', value] : [`cosmicai_${name}`, value],
  );
  return [
    '#HATS catalog',
    ...[...Object.entries(known), ...own, ['obs_title', title]].map(
      ([key, value]) => `${key}=${String(value).replaceAll('\\', '\\\\').replaceAll(/\s+/g, ' ')}`,
    ),
    '',
  ].join('\n');
}
