import { basename, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserInputError } from '@cosmicai/payload';
import { beginFile, codeOf, openStore, parseAddress, pathAt, schemeOf, type StoreAccess } from '@cosmicai/store';
import { formatOf } from '../formats/formats.ts';
import { openHatsFolder } from '../hats/hats-folder.ts';
import { writeHats } from '../hats/write-hats.ts';
import type { Table } from '../table/column.ts';

/** Where a catalogue goes, and as what. */
export interface CatalogueTarget {
  /** For people. */
  readonly name: string;
  /** Of the format, `hats` for a folder. */
  readonly format: string;
  /** Writes all of it, or leaves nothing. */
  write(table: Table): Promise<void>;
  /** Leaves nothing behind when it isn't to be written after all. */
  abandon(): Promise<void>;
}

export interface TargetOptions {
  /** Name of a format; default: by the file's ending. */
  readonly format?: string | undefined;
  /** A folder in HATS, with a file for each pixel of this order. */
  readonly healpix?: number | undefined;
  readonly cwd: string;
  readonly access?: StoreAccess;
  /** What `-` means. */
  readonly stdout: Writable;
}

const WHAT = 'The catalogue';

/**
 * Begins to write to a file of this machine, an address in a store, or `-`, standard output, so that a place where nothing can
 * be written is told before the run is read.
 *
 * @throws UserInputError, EnvironmentError
 */
export async function openTarget(out: string, options: TargetOptions): Promise<CatalogueTarget> {
  const { healpix, format: named, cwd, access = {}, stdout } = options;
  if (healpix !== undefined) return await hatsTarget(out, healpix, options);
  const format = formatOf(out, named);
  const target = (name: string, write: (content: Content) => Promise<void>, abandon = () => Promise.resolve()) => ({
    ...{ name, format: format.name, abandon },
    write: (table: Table) => write(format.write(table)),
  });
  if (out === '-') {
    if (!format.isText) throw new UserInputError(`A catalogue in ${format.name} is not text: give -o a file for it.`);
    return target('standard output', (content) => toStdout(content, stdout));
  }
  if (schemeOf(out)?.isRemote === true) return target(out, inStore(out, access));
  const path = pathAt(out) ?? resolve(cwd, out);
  const file = await beginFile(path, WHAT);
  return target(
    path,
    (content) => file.write(content),
    () => file.abandon(),
  );
}

type Content = AsyncIterable<Uint8Array | string>;

async function hatsTarget(
  out: string,
  order: number,
  { format = 'parquet', cwd, access }: TargetOptions,
): Promise<CatalogueTarget> {
  if (format !== 'parquet') throw new UserInputError(`--healpix writes Parquet files: leave --format ${format} out.`);
  const folder = await openHatsFolder(out, cwd, access);
  return {
    name: folder.name,
    format: 'hats',
    async write(table) {
      await writeHats(table, { ...folder, order, name: basename(folder.name).replaceAll(/[^\w.-]/g, '_') });
      await folder.finish();
    },
    abandon: () => folder.abandon(),
  };
}

function inStore(address: string, access: StoreAccess): (content: Content) => Promise<void> {
  const { store: bucket, key } = parseAddress(address);
  if (key === '' || key.endsWith('/'))
    throw new UserInputError(`${address} names no object: give the catalogue a name in the bucket.`);
  const store = openStore(bucket, { access });
  return async (content) => {
    await store.put(key, Readable.from(bytesOf(content), { objectMode: false }));
  };
}

async function* bytesOf(content: Content): AsyncGenerator<Uint8Array> {
  for await (const piece of content) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
}

/** Whoever reads a part only, as `head` does, has what they wanted. */
async function toStdout(content: Content, stdout: Writable): Promise<void> {
  try {
    await pipeline(content, stdout, { end: false });
  } catch (error) {
    if (codeOf(error) !== 'EPIPE') throw error;
  }
}

export interface WriteOptions {
  /** Ends it, and nothing is left. */
  readonly signal?: AbortSignal;
  /** Is told how many rows of the table were read; once or more often from the first to the last. */
  readonly onRows?: (rows: number) => void;
}

/** Writes a table to where it goes; where that fails nothing is left there. */
export async function writeCatalogue(
  table: Table,
  target: CatalogueTarget,
  { signal, onRows }: WriteOptions = {},
): Promise<void> {
  try {
    await target.write(watched(table, signal, onRows));
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

function watched(table: Table, signal: AbortSignal | undefined, onRows: ((rows: number) => void) | undefined): Table {
  return {
    ...table,
    async *chunks(columns = table.columns) {
      let rows = 0;
      for await (const chunk of table.chunks(columns)) {
        signal?.throwIfAborted();
        yield chunk;
        rows += chunk.rows;
        if (columns === table.columns) onRows?.(rows);
      }
    },
  };
}
