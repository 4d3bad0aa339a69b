import { endianness } from 'node:os';
import { UnusableFileError } from '@cosmicai/payload';
import { DEFAULT_EXACT_UP_TO, type KeptResiduals } from '../residuals.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { readReduction, writeReduction, type KeptReduction } from './reduction.ts';

const MAGIC = Buffer.from('CosmicRd');
const VERSION = 1;
/** Magic, then version, bytes of the head, and how many residuals follow it of galaxies without and with flags: 4 bytes each. */
const HEADER_BYTES = 24;
const DOUBLE = Float64Array.BYTES_PER_ELEMENT;

export interface EncodedReduction {
  /** All but the residuals themselves: its size follows what there is to tell, and not the number of galaxies. */
  readonly head: Buffer;
  /** The residuals, 8 bytes each, little-endian, ascending; empty where they are too many to be kept. */
  readonly tail: readonly Uint8Array[];
}

/** @param withValues false: without the residuals themselves */
export function encodeReduction(kept: KeptReduction, { withValues = true } = {}): EncodedReduction {
  const values = withValues ? valuesOf(kept) : [];
  const writer = new ByteWriter();
  writer.raw(Buffer.alloc(HEADER_BYTES));
  writeReduction(writer, kept);
  const head = writer.finish();
  MAGIC.copy(head);
  for (const [place, value] of [VERSION, head.length, values[0]?.length ?? 0, values[1]?.length ?? 0].entries())
    head.writeUInt32LE(value, MAGIC.length + 4 * place);
  return { head, tail: values.filter(({ length }) => length > 0).map(littleEndian) };
}

/**
 * @param head as `encodeReduction` made it
 * @param tail what lies behind it in the file; undefined: it wasn't read
 * @param name of the file, for messages
 * @throws UnusableFileError when it is none, of a version that isn't known, or damaged
 */
export function decodeReduction(head: Uint8Array, tail: Uint8Array | undefined, name: string): KeptReduction {
  const { bytes, residuals } = readHeader(head, name);
  if (head.length !== bytes)
    throw new UnusableFileError(name, undefined, `its head has ${head.length} bytes, and should have ${bytes}`);
  const reader = new ByteReader(head, name);
  reader.raw(HEADER_BYTES);
  const kept = readReduction(reader);
  if (reader.left > 0) reader.fail(`${reader.left} bytes are left at its end`);
  const { unflagged, withFlags } = kept.ledger;
  const counted = unflagged.count + withFlags.count;
  const expected = residuals[0] + residuals[1];
  if (expected > 0 && (residuals[0] !== unflagged.count || residuals[1] !== withFlags.count))
    throw new UnusableFileError(name, undefined, `it has ${expected} residuals of ${counted} galaxies`);
  if ((tail === undefined || expected === 0) && counted > 0) return kept;
  if (tail !== undefined && tail.length !== DOUBLE * expected)
    throw new UnusableFileError(
      name,
      undefined,
      `${tail.length} bytes of residuals follow its head, and should be ${DOUBLE * expected}`,
    );
  const values = doublesIn(tail ?? new Uint8Array(0));
  const withValues = (of: KeptResiduals, from: number, to: number): KeptResiduals => ({
    ...of,
    values: values.subarray(from, to),
  });
  return {
    ...kept,
    ledger: {
      ...kept.ledger,
      unflagged: { ...unflagged, residuals: withValues(unflagged.residuals, 0, residuals[0]) },
      withFlags: { ...withFlags, residuals: withValues(withFlags.residuals, residuals[0], expected) },
    },
  };
}

function readHeader(head: Uint8Array, name: string) {
  const header = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC))
    throw new UnusableFileError(name, 0, 'it is not the reduction of a rank');
  const [version = 0, bytes = 0, unflagged = 0, withFlags = 0] = [0, 1, 2, 3].map((place) =>
    header.readUInt32LE(MAGIC.length + 4 * place),
  );
  if (version !== VERSION)
    throw new UnusableFileError(
      name,
      MAGIC.length,
      `it is of version ${version}, and this CosmicAI reads version ${VERSION}`,
    );
  return { bytes, residuals: [unflagged, withFlags] as const };
}

/** Of galaxies without and with flags; none where they are not all there, or too many for a run to be exact. */
function valuesOf({ ledger: { unflagged, withFlags } }: KeptReduction): readonly Float64Array[] {
  const [one, other] = [unflagged.residuals.values, withFlags.residuals.values];
  return one === undefined || other === undefined || one.length + other.length > DEFAULT_EXACT_UP_TO
    ? []
    : [one, other];
}

/** Shares the memory of the values where it can. */
function littleEndian(values: Float64Array): Uint8Array {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap64();
}

function doublesIn(bytes: Uint8Array): Float64Array {
  const copy = Buffer.from(new ArrayBuffer(bytes.length));
  copy.set(bytes);
  if (endianness() !== 'LE') copy.swap64();
  return new Float64Array(copy.buffer);
}
