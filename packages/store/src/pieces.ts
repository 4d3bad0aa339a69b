import type { ByteSource } from './byte-source.ts';

const MIB = 2 ** 20;
/** The first piece is short, so that work begins while the next ones come. */
const FIRST_BYTES = MIB;
/**
 * The last as well: zip archives have their directory there, which is asked for before all else, and behind the images of a partition lie
 * the labels of all its samples, less than a 256th of it.
 */
const lastBytes = (size: number): number => Math.min(PIECE_BYTES, Math.max(MIB, Math.ceil(size / 256)));
/**
 * Those between, at most. Amazon advises reads of 8 to 16 MB along part boundaries
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-guidelines.html).
 */
const PIECE_BYTES = 10 * MIB;
/** Of pieces, so that tensors which are aligned in the file are so in a piece and need not be copied. */
const ALIGNMENT = 64;
/** Pieces under way beyond the one that is read. */
const AHEAD = 2;
/** Those, the piece that is read and the one before it, and the last one of the file, which is asked for first and needed to the end. */
const PIECES_KEPT = AHEAD + 3;

/** How a file is cut: into one short piece, pieces of one length, and a short one. */
interface Cut {
  readonly count: number;
  /** Where a piece begins; for `count`, the end of the file. */
  readonly start: (index: number) => number;
  readonly at: (offset: number) => number;
}

/** Requests that reading a whole file in pieces takes. @param size bytes */
export function piecesOf(size: number): number {
  return cut(size).count;
}

/** How a file of so many bytes is read: its first piece and its last one, none in a file of one piece, and those between. */
export interface PieceSizes {
  readonly first: number;
  readonly between: { readonly count: number; readonly bytes: number };
  readonly last: number;
}

/** @param size bytes */
export function pieceSizes(size: number): PieceSizes {
  const { count, start } = cut(size);
  if (count === 1) return { first: size, between: { count: 0, bytes: 0 }, last: 0 };
  const between = start(count - 1) - start(1);
  return {
    first: start(1),
    between: { count: count - 2, bytes: between / (count - 2) },
    last: size - start(count - 1),
  };
}

export interface PiecesOptions {
  /** Ends the reads that are under way. */
  readonly signal?: AbortSignal;
}

/**
 * The same source for somebody who reads it from its start to its end, in steps of any size: it is read in pieces that suit object
 * stores, each once, the next ones ahead of the reader. Memory: five pieces, 50 MiB at most.
 */
export function inPieces(source: ByteSource, { signal }: PiecesOptions = {}): ByteSource {
  const { count, start, at } = cut(source.size);
  /** By index, the one that was asked for last at the end. */
  const pieces = new Map<number, Promise<Uint8Array>>();

  function piece(index: number): Promise<Uint8Array> {
    const known = pieces.get(index);
    const bytes = known ?? source.read(start(index), start(index + 1), { ...(signal && { signal }) });
    pieces.delete(index);
    pieces.set(index, bytes);
    // A read that failed is tried anew by whoever asks next. Who awaits it is told; of what was read ahead nobody has to be.
    if (known === undefined) bytes.catch(() => pieces.get(index) === bytes && pieces.delete(index));
    return bytes;
  }

  return {
    name: source.name,
    size: source.size,
    async read(from, to, options) {
      options?.signal?.throwIfAborted();
      if (from >= to) return new Uint8Array(0);
      const [first, last] = [at(from), at(to - 1)];
      // A row here and one there: whole pieces would be read for each.
      if (options?.scattered === true && !pieces.has(first)) return source.read(from, to, options);
      const wanted = Array.from({ length: last - first + 1 }, (_, place) => piece(first + place));
      for (let next = last + 1; next <= last + AHEAD && next < count - 1; next++) void piece(next);
      for (const oldest of pieces.keys()) {
        if (pieces.size <= Math.max(PIECES_KEPT, wanted.length)) break;
        if (oldest !== count - 1) pieces.delete(oldest);
      }
      const bytes = await unlessAborted(Promise.all(wanted), options?.signal);
      const [only] = bytes;
      if (only !== undefined && bytes.length === 1) return only.subarray(from - start(first), to - start(first));
      // Of each piece what is wanted alone: whole ones would be copied several times over.
      return Buffer.concat(
        bytes.map((part, place) => {
          const begins = start(first + place);
          return part.subarray(Math.max(0, from - begins), to - begins);
        }),
      );
    },
  };
}

function cut(size: number): Cut {
  const last = lastBytes(size);
  const between = size - FIRST_BYTES - last;
  if (between <= 0) return { count: 1, start: (index) => index * size, at: () => 0 };
  const most = Math.ceil(between / PIECE_BYTES);
  const length = Math.ceil(between / most / ALIGNMENT) * ALIGNMENT;
  const count = most + 2;
  return {
    count,
    start(index) {
      if (index === 0) return 0;
      return index < count - 1 ? FIRST_BYTES + (index - 1) * length : index < count ? size - last : size;
    },
    at(offset) {
      if (offset < FIRST_BYTES) return 0;
      return offset < size - last ? 1 + Math.floor((offset - FIRST_BYTES) / length) : count - 1;
    },
  };
}

/** A piece is others' too: who doesn't want it any more stops waiting. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => (abort = () => reject(signal.reason as Error)));
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
