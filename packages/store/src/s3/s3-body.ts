import type { Readable } from 'node:stream';
import { StoreError } from '../errors.ts';

export interface OpenBody {
  readonly body: Readable;
  /** Of the version being read. */
  readonly etag: string | undefined;
  /** Place of the body's first byte in the object. */
  readonly start: number;
  /** Bytes of the object; undefined where the answer doesn't tell. */
  readonly size: number | undefined;
}

/** Bytes asked for: from `start` up to `end`, or to the object's end where that comes before. */
export interface BodyRange {
  readonly start: number;
  readonly end: number;
  readonly signal?: AbortSignal | undefined;
  /** Asks for the bytes from a position on, of that version only; undefined where there are none. */
  readonly reopen: (position: number, etag: string | undefined) => Promise<OpenBody | undefined>;
  /** The error for answers that say something else than what was asked for. @param why what they said */
  readonly wrong: (why: string) => Error;
  /** The error for bytes that don't fit the checksum that came with them. */
  readonly damaged: (cause: unknown) => WrongBytesError;
}

/** Breaks in a row, without a byte between them, after which reading fails. */
const ATTEMPTS = 4;

/** The bytes that came are not those that were stored: whoever hasn't used any of them yet may read them again. */
export class WrongBytesError extends StoreError {}

/**
 * The bytes of a response's body. The SDK retries requests, not bodies: where a connection breaks in the middle, or an answer
 * ends before the object does, this asks for the rest of the same version and goes on. What came until then is compared with a
 * checksum only where it came in one answer, as the SDK does it.
 *
 * @throws what `wrong` makes of answers that stay too short or hold other bytes, what `damaged` makes of bytes that don't fit
 *   their checksum, the connection's error where it breaks again and again
 */
export async function* readBody(first: OpenBody, range: BodyRange): AsyncGenerator<Buffer> {
  const { start, signal, reopen, wrong, damaged } = range;
  const end = Math.min(range.end, first.size ?? range.end);
  let position = start;
  let attempt = 1;
  for (let open = first; ;) {
    try {
      if (open.start !== position) throw wrong(`bytes from ${open.start} on came, where ${position} was asked for`);
      for await (const chunk of open.body as AsyncIterable<Buffer>) {
        if (position === end) return;
        const asked = chunk.subarray(0, end - position);
        position += asked.length;
        attempt = 1;
        yield asked;
      }
      if (first.size === undefined || position >= end) return;
      throw wrong(`the answer ended after ${position - start} of ${end - start} bytes`);
    } catch (error) {
      open.body.destroy();
      signal?.throwIfAborted();
      // Which of the bytes are wrong nobody knows: a rest would mend nothing.
      if (isChecksumMismatch(error)) throw damaged(error);
      if (attempt++ >= ATTEMPTS) throw error;
    }
    const rest = await reopen(position, first.etag);
    if (rest === undefined) throw wrong(`it has no bytes after ${position}, of ${end} that it had`);
    open = rest;
  }
}

/** The SDK's error has no name and no code of its own. */
function isChecksumMismatch(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Checksum mismatch');
}

/** Where a body lies in its object, by the headers of its answer. */
export function placeOf(
  contentRange: string | undefined,
  contentLength: number | undefined,
): Pick<OpenBody, 'start' | 'size'> {
  const [, start, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(contentRange ?? '') ?? [];
  if (start === undefined) return { start: 0, size: contentLength };
  return { start: Number(start), size: size === '*' ? undefined : Number(size) };
}
