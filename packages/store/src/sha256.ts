import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** SHA-256 in hex of all that a stream gives. */
export async function sha256Of(stream: Readable, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(stream, hash, { ...(signal !== undefined && { signal }) });
  return hash.digest('hex');
}
