import { parseJsonAs, pieceHeaderSchema, UserInputError, type PieceHeader } from '@cosmicai/payload';
import { sha256Of } from '@cosmicai/store';

/** What a model answered for consecutive galaxies of one version of a partition. */
export interface Segment {
  /** Place of the partition in the rank's task. */
  readonly place: number;
  readonly size: number;
  readonly etag: string;
  /** Index of the first galaxy in its partition. */
  readonly from: number;
  /** As many for each galaxy, row-major. */
  readonly answers: Float32Array;
}

/** A piece of a rank's predictions: what one attempt has predicted since its piece before. */
export interface Piece extends Pick<PieceHeader, 'made_by' | 'left_off' | 'spent_ms'> {
  readonly segments: readonly Segment[];
}

const LENGTH_BYTES = 4;
const SUM_BYTES = 32;
const ANSWER_BYTES = 4;

/** Length of the header, the header as JSON, answers (little-endian float32), and the SHA-256 of all before. */
export function encodePiece({ segments, ...piece }: Piece): Uint8Array {
  const header: PieceHeader = {
    piece_format: 1,
    ...piece,
    segments: segments.map(({ answers, ...segment }) => ({ ...segment, count: answers.length })),
  };
  const text = Buffer.from(JSON.stringify(header));
  const numbers = segments.reduce((sum, { answers }) => sum + answers.length, 0);
  const bytes = Buffer.alloc(LENGTH_BYTES + text.length + numbers * ANSWER_BYTES + SUM_BYTES);
  bytes.writeUInt32LE(text.length);
  let at = text.copy(bytes, LENGTH_BYTES) + LENGTH_BYTES;
  for (const z of segments.flatMap(({ answers }) => [...answers])) at = bytes.writeFloatLE(z, at);
  bytes.write(sha256Of(bytes.subarray(0, at)), at, 'hex');
  return bytes;
}

/** A piece as it was written; undefined when it is damaged, or of another version. */
export function decodePiece(bytes: Buffer): Piece | undefined {
  const end = bytes.length - SUM_BYTES;
  if (end < LENGTH_BYTES || bytes.toString('hex', end) !== sha256Of(bytes.subarray(0, end))) return undefined;
  const begin = LENGTH_BYTES + bytes.readUInt32LE();
  const header = headerOf(bytes.toString('utf8', LENGTH_BYTES, begin));
  if (header === undefined) return undefined;
  let at = begin;
  const segments = header.segments.map(({ count, ...segment }) => {
    const answers = Float32Array.from({ length: count }, (_, place) => bytes.readFloatLE(at + place * ANSWER_BYTES));
    at += count * ANSWER_BYTES;
    return { ...segment, answers };
  });
  return { ...header, segments };
}

function headerOf(text: string): PieceHeader | undefined {
  try {
    return parseJsonAs(pieceHeaderSchema, text, 'a piece');
  } catch (error) {
    if (error instanceof UserInputError) return undefined;
    throw error;
  }
}
