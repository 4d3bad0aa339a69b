import { endianness } from 'node:os';
import { NUMBER_ARRAYS } from '@cosmicai/payload';

/** Arrays that numbers of FITS are handed out in; names as in numpy. */
export interface FitsArrays {
  readonly float64: Float64Array<ArrayBuffer>;
  readonly float32: Float32Array<ArrayBuffer>;
  readonly int64: BigInt64Array<ArrayBuffer>;
  readonly int32: Int32Array<ArrayBuffer>;
  readonly int16: Int16Array<ArrayBuffer>;
  readonly int8: Int8Array<ArrayBuffer>;
  readonly uint64: BigUint64Array<ArrayBuffer>;
  readonly uint32: Uint32Array<ArrayBuffer>;
  readonly uint16: Uint16Array<ArrayBuffer>;
  readonly uint8: Uint8Array<ArrayBuffer>;
}

export type FitsNumberType = keyof FitsArrays;
export type FitsNumbers = FitsArrays[FitsNumberType];

/** What lies in files, big-endian. */
export type StoredType = 'uint8' | 'int16' | 'int32' | 'int64' | 'float32' | 'float64';

/** What stored numbers mean: stored * scale + zero, and NaN for `blank`. */
export interface Scaling {
  readonly scale: number;
  readonly zero: number | bigint;
  /** Of whole numbers only. */
  readonly blank?: number | bigint | undefined;
}

/** How numbers are read: which arrays they come in, and what is done to them. */
export interface NumberReader {
  readonly type: FitsNumberType;
  /** Bytes of a stored number. */
  readonly size: number;
  /** @param bytes big-endian, whole numbers of them; they are the reader's own from now on */
  read(bytes: Uint8Array<ArrayBuffer>): FitsNumbers;
}

const SIZES: Readonly<Record<StoredType, number>> = { uint8: 1, int16: 2, int32: 4, int64: 8, float32: 4, float64: 8 };

/** The other sign, and the offset by which files of the standard's types hold it. */
const OTHER_SIGN = {
  uint8: { type: 'int8', zero: -128n },
  int16: { type: 'uint16', zero: 1n << 15n },
  int32: { type: 'uint32', zero: 1n << 31n },
  int64: { type: 'uint64', zero: 1n << 63n },
} as const;

/**
 * A reader of stored numbers. Without scaling they stay of their type, offsets of half the range give the types of the other
 * sign, and all other scalings floats: float32 where `scaledType` says so for small integers, otherwise float64.
 */
export function numberReader(
  stored: StoredType,
  { scale, zero, blank }: Scaling,
  smallScaled: 'float32' | 'float64' = 'float64',
): NumberReader {
  const size = SIZES[stored];
  const isFloat = stored === 'float32' || stored === 'float64';
  const isPlain = scale === 1 && (blank === undefined || isFloat);
  if (isPlain && Number(zero) === 0) return { type: stored, size, read: (bytes) => native(stored, bytes) };
  const whole = isPlain ? wholeType(stored, { scale, zero }) : undefined;
  if (whole !== undefined) return { type: whole, size, read: (bytes) => native(whole, otherSign(bytes, size)) };
  const isSmall = stored === 'uint8' || stored === 'int16';
  const type = isFloat ? stored : isSmall ? smallScaled : 'float64';
  const offset = Number(zero);
  const missing = isFloat || blank === undefined ? undefined : Number(blank);
  return {
    type,
    size,
    read(bytes) {
      const raw = native(stored, bytes);
      const scaled = type === 'float32' ? new Float32Array(raw.length) : new Float64Array(raw.length);
      for (let at = 0; at < raw.length; at++) {
        const value = Number(raw[at]);
        scaled[at] = value === missing ? NaN : value * scale + offset;
      }
      return scaled;
    },
  };
}

/** The type of whole numbers that are stored without scaling; undefined: they are scaled, or floats. */
export function wholeType(stored: StoredType, { scale, zero }: Scaling): FitsNumberType | undefined {
  if (stored === 'float32' || stored === 'float64' || scale !== 1) return undefined;
  if (Number(zero) === 0) return stored;
  return isWhole(zero, OTHER_SIGN[stored].zero) ? OTHER_SIGN[stored].type : undefined;
}

function isWhole(value: number | bigint, whole: bigint): boolean {
  // 2^63 is exact as a double, too.
  return typeof value === 'bigint' ? value === whole : Number.isInteger(value) && BigInt(value) === whole;
}

/** Whole numbers of one sign, shifted by half their range: the highest bit turns. */
function otherSign(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  for (let at = 0; at < bytes.length; at += size) bytes[at] = (bytes[at] ?? 0) ^ 0x80;
  return bytes;
}

const ARRAYS: { readonly [Type in FitsNumberType]: new (buffer: ArrayBuffer) => FitsArrays[Type] } = NUMBER_ARRAYS;

/** Turns bytes round in place, and looks at them as numbers. */
function native(type: FitsNumberType, bytes: Uint8Array<ArrayBuffer>): FitsNumbers {
  const aligned = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  const numbers = new ARRAYS[type](aligned.buffer);
  if (endianness() === 'LE') turnRound(Buffer.from(aligned.buffer), numbers.BYTES_PER_ELEMENT);
  return numbers;
}

function turnRound(bytes: Buffer, size: number): void {
  if (size === 2) bytes.swap16();
  else if (size === 4) bytes.swap32();
  else if (size === 8) bytes.swap64();
}
