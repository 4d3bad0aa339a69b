import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { UserInputError } from '@cosmicai/payload';
import { codeOf } from './file/file-errors.ts';
import { kindOf } from './file/file-kind.ts';
import type { ObjectStore, ReadOptions } from './object-store.ts';
import { sha256OfStream } from './sha256.ts';

/** Fewer calls than Node's own 64 KiB, and little beside the parts that are under way. */
const CHUNK_BYTES = 1 << 20;

/** A file of this machine, and its place in a store. */
export interface FileToSend {
  readonly path: string;
  readonly key: string;
  readonly sha256: string;
  /** Whether an object of this very content has the key already. */
  readonly isThere: boolean;
}

/**
 * Compares a file with the object that has its key, by the SHA-256 of the content: name and size say nothing of a network that
 * was trained again, or of partitions that were simulated anew. Reads the whole file. An object whose sum the store doesn't know,
 * because another program sent it, counts as another one.
 *
 * @throws UserInputError when the file can't be read
 */
export async function compareFile(
  path: string,
  store: ObjectStore,
  key: string,
  options: ReadOptions = {},
): Promise<FileToSend> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isFile()) throw new UserInputError(`${path} is ${kindOf(found)}: only files can be sent to a store.`);
  const sha256 = await sha256OfStream(createReadStream(path, { highWaterMark: CHUNK_BYTES }), options.signal).catch(
    (error: unknown) => {
      throw unreadable(path, error);
    },
  );
  const object = await store.head(key, { ...options, sha256: true });
  return { path, key, sha256, isThere: object?.sha256 === sha256 };
}

/**
 * Sends a file that was compared, whether it is there or not.
 *
 * @throws UserInputError when it has changed since, or can't be read any more; the store then holds what it held
 */
export async function sendFile(
  { path, key, sha256 }: FileToSend,
  store: ObjectStore,
  options: ReadOptions = {},
): Promise<void> {
  await store.put(key, Readable.from(unchanged(path, sha256), { objectMode: false }), { ...options, sha256 });
}

/** The file's bytes; fails at their end when their sum is another one than was told of them. */
async function* unchanged(path: string, sha256: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  if (hash.digest('hex') !== sha256)
    throw new UserInputError(`${path} changed while it was sent. Send it again when nobody writes to it.`);
}

function unreadable(path: string, error: unknown): unknown {
  if (codeOf(error)?.startsWith('E') !== true) return error;
  return new UserInputError(`${path} can't be read: ${(error as Error).message}`, { cause: error });
}
