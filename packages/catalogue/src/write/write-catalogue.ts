import { basename, dirname, resolve } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UserInputError } from '@cosmicai/payload';
import { beginFile, codeOf, openStore, parseAddress, schemeOf, type StoreAccess } from '@cosmicai/store';
import type { Format } from '../formats/format.ts';
import type { Table } from '../table/column.ts';

/** Where a catalogue goes. */
export interface Destination {
  /** For people. */
  readonly name: string;
  /** Writes all of it, or leaves nothing. */
  write(content: AsyncIterable<Uint8Array | string>): Promise<void>;
  /** Leaves nothing behind when it isn't to be written after all. */
  abandon(): Promise<void>;
}

export interface DestinationOptions {
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
export async function openDestination(
  out: string,
  format: Format,
  { cwd, access = {}, stdout }: DestinationOptions,
): Promise<Destination> {
  if (out === '-') {
    if (!format.isText) throw new UserInputError(`A catalogue in ${format.name} is not text: give -o a file for it.`);
    return { name: 'standard output', write: (content) => toStdout(content, stdout), abandon: () => Promise.resolve() };
  }
  const isRemote = schemeOf(out)?.isRemote === true;
  if (isRemote) return inStore(out, access);
  const path = schemeOf(out)?.path?.(out) ?? resolve(cwd, out);
  const file = await beginFile(path, WHAT);
  return { name: path, write: (content) => file.write(content), abandon: () => file.abandon() };
}

function inStore(address: string, access: StoreAccess): Destination {
  const { store: bucket, key } = parseAddress(address);
  if (key === '' || basename(key) === '' || dirname(key) === '/')
    throw new UserInputError(`${address} names no object: give the catalogue a name in the bucket.`);
  const store = openStore(bucket, { access });
  return {
    name: address,
    write: async (content) => {
      await store.put(key, Readable.from(bytesOf(content), { objectMode: false }));
    },
    abandon: () => Promise.resolve(),
  };
}

async function* bytesOf(content: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const piece of content) yield typeof piece === 'string' ? Buffer.from(piece) : piece;
}

/** Whoever reads a part only, as `head` does, has what they wanted. */
async function toStdout(content: AsyncIterable<Uint8Array | string>, stdout: Writable): Promise<void> {
  try {
    await pipeline(content, stdout, { end: false });
  } catch (error) {
    if (codeOf(error) !== 'EPIPE') throw error;
  }
}

/** Writes a table to where it goes. @param signal ends it, and nothing is left */
export async function writeCatalogue(
  table: Table,
  format: Format,
  destination: Destination,
  { signal, onRows }: { readonly signal?: AbortSignal; readonly onRows?: (rows: number) => void } = {},
): Promise<void> {
  await destination.write(format.write(watched(table, signal, onRows)));
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
