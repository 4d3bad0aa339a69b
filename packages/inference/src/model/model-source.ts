import { constants, type BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { RemoteError, UserInputError } from '@cosmicai/payload';
import { addressWithin, codeOf, kindOf, pathAt, readableAddress, type ObjectStore } from '@cosmicai/store';

/** A graph and the files beside it, wherever they lie. Names are relative to the graph's folder, with slashes. */
export interface ModelSource {
  /** Where the graph lies; no other model has the same. */
  readonly address: string;
  /** How people know the graph. */
  readonly label: string;
  /** Name of the graph. */
  readonly graph: string;
  /** The sentence about a graph that isn't there. */
  readonly absent: string;
  /**
   * @returns undefined where there is no such file
   * @throws UserInputError when nobody may look
   */
  find(name: string): Promise<FoundFile | undefined>;
}

/** A file as it was found. */
export interface FoundFile {
  /** Where it lies, for people. */
  readonly label: string;
  /** Differs whenever the content does. */
  readonly version: string;
  /** Bytes. */
  readonly size: number;
  /**
   * All of it, in memory that nobody else has.
   *
   * @throws UserInputError when it can't be read
   */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * A model by its address or by its key in a bucket.
 *
 * @throws InvalidAddressError
 */
export function modelNamed(named: string, bucket: string, openStore: (address: string) => ObjectStore): ModelSource {
  const path = pathAt(named);
  if (path !== undefined) return modelOnDisk(path);
  const { store, key } = addressWithin(bucket, named);
  return modelInStore(openStore(store), key);
}

/** A model in a store. */
export function modelInStore(store: ObjectStore, key: string): ModelSource {
  return {
    address: `${store.url} ${key}`,
    label: readableAddress(store.url, key),
    graph: key.slice(key.lastIndexOf('/') + 1),
    absent: `There is no model ${key} in ${readableAddress(store.url)}. Check "model" in the payload.`,
    async find(name) {
      const place = `${key.slice(0, key.lastIndexOf('/') + 1)}${name}`;
      const found = await store.head(place);
      const label = readableAddress(store.url, place);
      return (
        found && { label, version: found.etag, size: found.size, read: () => readObject(store, place, found.size) }
      );
    },
  };
}

/** Into memory of the size that is expected: put together from parts, it would take twice as much. */
async function readObject(store: ObjectStore, key: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const changed = () => new RemoteError(`${readableAddress(store.url, key)} was changed while it was read. Try again.`);
  const bytes = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of (await store.stream(key)) as AsyncIterable<Uint8Array>) {
    if (filled + chunk.length > size) throw changed();
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < size) throw changed();
  return bytes;
}

/**
 * A model in the file system.
 *
 * @param label how messages name it
 */
export function modelOnDisk(path: string, label = path): ModelSource {
  return {
    address: path,
    label,
    graph: basename(path),
    absent: `There is no model file ${label}.`,
    async find(name) {
      const place = join(dirname(path), name);
      const known = name === basename(path) ? label : place;
      try {
        const stats = await stat(place, { bigint: true });
        return {
          label: known,
          version: versionOf(stats),
          size: Number(stats.size),
          read: () => readFile(place, known),
        };
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined;
        throw unreadable(known, error);
      }
    },
  };
}

/** Changes with every write: of the time of a change the kernel alone keeps account. */
function versionOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join('-');
}

/** A named pipe is opened at once, to be found no file, and not when somebody writes to it. Windows knows none. */
const READ_AT_ONCE = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0);
/** read(2) takes at most 2^31 - 1 bytes at once. */
const LONGEST_READ = 1 << 30;

async function readFile(path: string, label: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const file = await open(path, READ_AT_ONCE);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw new UserInputError(`${label} is ${kindOf(stats)}: expected a file.`);
      const bytes = new Uint8Array(stats.size);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, Math.min(bytes.length - filled, LONGEST_READ), filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof UserInputError ? error : unreadable(label, error);
  }
}

function unreadable(label: string, cause: unknown): UserInputError {
  return new UserInputError(`${label} can't be read: ${(cause as Error).message}`, { cause });
}
