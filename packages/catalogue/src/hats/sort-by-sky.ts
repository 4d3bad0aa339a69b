import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EnvironmentError } from '@cosmicai/payload';
import { codeOf, fileStore, whyRefused } from '@cosmicai/store';
import { ParquetPieces } from '../formats/parquet/parquet.ts';
import { FINEST_ORDER, pixelsOf } from '../healpix/nested.ts';
import { openPredictions } from '../source/predictions-source.ts';
import type { Chunk, Column, Table } from '../table/column.ts';
import { joined } from '../table/regroup.ts';
import { taken } from '../table/take.ts';
import { bucketsOf } from './buckets.ts';
import { finestPixels, type PositionColumns } from './position.ts';

/** The column that a table in HATS is sorted by. */
export const HEALPIX_COLUMN: Column = {
  name: '_healpix_29',
  kind: 'int64',
  isList: false,
  nullable: false,
  ucd: 'pos.healpix',
  description: 'HEALPix pixel of order 29 in the nested scheme',
};

/** Fine enough that a cell of the densest catalogues has few rows, coarse enough that all cells can be counted at once. */
const CELL_ORDER = 8;
/** Rows that wait in memory for the files of all buckets. */
const ROWS_WAITING = 200_000;

export interface SortOptions {
  readonly position: PositionColumns;
  /** A folder for what doesn't fit in memory, undefined: that of temporary files; nothing is left in it. */
  readonly scratch: string | undefined;
  /** Rows that are sorted at once. */
  readonly most?: number | undefined;
}

/**
 * The rows of a table by their place on the sky, each chunk with HEALPIX_COLUMN before the table's own. Reads positions, then all:
 * rows are put into files of neighbours, and each file is sorted.
 */
export async function* sortedBySky(table: Table, { position, scratch, most }: SortOptions): AsyncGenerator<Chunk> {
  const shift = BigInt(2 * (FINEST_ORDER - CELL_ORDER));
  const counts = new Uint32Array(pixelsOf(CELL_ORDER));
  let row = 0;
  for await (const { rows, values } of table.chunks([position.ra, position.dec])) {
    for (const pixel of finestPixels(values[0] ?? [], values[1] ?? [], { rows }, row)) {
      const cell = Number(pixel >> shift);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
    row += rows;
  }
  const { bucketOf, buckets } = bucketsOf(counts, most);
  const folder =
    scratch === undefined
      ? await mkdtemp(join(tmpdir(), 'cosmicai-sorting-'))
      : await mkdtemp(join(scratch, '.sorting-'));
  try {
    const columns = [HEALPIX_COLUMN, ...table.columns];
    const files = Array.from({ length: buckets }, (_, bucket) => new Bucket(columns, folder, bucket));
    const waiting = Math.max(1, Math.floor(ROWS_WAITING / buckets));
    const [ra, dec] = [table.columns.indexOf(position.ra), table.columns.indexOf(position.dec)];
    for await (const chunk of table.chunks()) {
      const pixels = finestPixels(chunk.values[ra] ?? [], chunk.values[dec] ?? [], chunk, 0);
      const all: Chunk = { rows: chunk.rows, values: [pixels, ...chunk.values] };
      for (const [bucket, rows] of rowsByBucket(pixels, bucketOf, shift))
        await files[bucket]?.add(taken(all, rows), waiting);
    }
    for (const file of files) {
      const chunk = await file.rows();
      if (chunk.rows > 0) yield sorted(chunk);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function rowsByBucket(pixels: BigInt64Array, bucketOf: Uint32Array, shift: bigint): Map<number, Uint32Array> {
  const rows = new Map<number, number[]>();
  for (const [row, pixel] of pixels.entries()) {
    const bucket = bucketOf[Number(pixel >> shift)] ?? 0;
    const there = rows.get(bucket);
    if (there === undefined) rows.set(bucket, [row]);
    else there.push(row);
  }
  return new Map([...rows].map(([bucket, list]) => [bucket, Uint32Array.from(list)]));
}

/** Rows of neighbouring cells: some wait in memory, the rest lies in a file. */
class Bucket {
  readonly #columns: readonly Column[];
  readonly #folder: string;
  readonly #key: string;
  readonly #pieces: ParquetPieces;
  #waiting: Chunk[] = [];
  #rows = 0;
  #hasFile = false;

  constructor(columns: readonly Column[], folder: string, number: number) {
    this.#columns = columns;
    this.#folder = folder;
    this.#key = `${number}.parquet`;
    this.#pieces = new ParquetPieces(columns, () => []);
  }

  /** @param waiting rows that may stay in memory */
  async add(chunk: Chunk, waiting: number): Promise<void> {
    this.#waiting.push(chunk);
    this.#rows += chunk.rows;
    if (this.#rows < waiting) return;
    await this.#write(this.#pieces.group(joined(this.#waiting)));
    [this.#waiting, this.#rows] = [[], 0];
  }

  /** All rows, which are forgotten then. */
  async rows(): Promise<Chunk> {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (!this.#hasFile) return joined(waiting);
    await this.#write(this.#pieces.end());
    const store = fileStore(this.#folder);
    const file = await openPredictions(store, this.#key);
    const chunks: Chunk[] = [];
    for (const { from, to } of file.groups)
      chunks.push({
        rows: to - from,
        values: await file.read(
          this.#columns.map(({ name }) => name),
          from,
          to,
        ),
      });
    await store.delete(this.#key);
    return joined([...chunks, ...waiting]);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#hasFile = true;
    await appendFile(join(this.#folder, this.#key), bytes).catch((error: unknown) => {
      const why = whyRefused(codeOf(error) ?? '')?.why ?? (error instanceof Error ? error.message : '');
      throw new EnvironmentError(`Rows can't be put aside in ${this.#folder} to be sorted: ${why}`, { cause: error });
    });
  }
}

/** By the first column; rows of one pixel keep their order. */
function sorted(chunk: Chunk): Chunk {
  const pixels = BigInt64Array.from(chunk.values[0] ?? [], (pixel) => (typeof pixel === 'bigint' ? pixel : 0n));
  // Numbers compare much faster; they have 53 of the 62 bits.
  const rough = Float64Array.from(pixels, Number);
  const at = (row: number) => pixels[row] ?? 0n;
  const order = Uint32Array.from(rough.keys()).sort(
    (a, b) => (rough[a] ?? 0) - (rough[b] ?? 0) || (at(a) < at(b) ? -1 : at(a) > at(b) ? 1 : a - b),
  );
  return taken(chunk, order);
}
