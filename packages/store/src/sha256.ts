import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore, VersionOptions } from './object-store.ts';

/** SHA-256 in hex of bytes or text in memory. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 in hex of all that a stream gives. */
export async function sha256OfStream(stream: Readable, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(stream, hash, { ...(signal !== undefined && { signal }) });
  return hash.digest('hex');
}

/** SHA-256 in hex of an object's bytes, which pass through and are not kept. */
export async function hashObject(store: ObjectStore, key: string, options: VersionOptions = {}): Promise<string> {
  return await sha256OfStream(await store.stream(key, options), options.signal);
}
