import type { Readable } from 'node:stream';

export interface OpenBody {
  readonly body: Readable;
  /** Of the version being read. */
  readonly etag: string | undefined;
}

/** Breaks in a row, without a byte between them, after which reading fails. */
const ATTEMPTS = 4;

/**
 * The bytes of a response's body from `start` on. The SDK retries requests, not bodies: where a connection breaks in the
 * middle, this asks for the rest of the same version and goes on.
 *
 * @param reopen asks for the bytes from a position on, of that version only
 */
export async function* readBody(
  first: OpenBody,
  start: number,
  reopen: (position: number, etag: string | undefined) => Promise<OpenBody | undefined>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  let position = start;
  let attempt = 1;
  for (let open: OpenBody | undefined = first; open !== undefined;) {
    try {
      for await (const chunk of open.body as AsyncIterable<Buffer>) {
        position += chunk.length;
        attempt = 1;
        yield chunk;
      }
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt++ >= ATTEMPTS) throw error;
    }
    open = await reopen(position, first.etag);
  }
}
