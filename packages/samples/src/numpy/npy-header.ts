import { UnusableFileError } from '@cosmicai/payload';

/** What the elements of an array are, as they lie in the file. */
export interface NpyType {
  /** `f`, `i`, `u` numbers, `b` truth values, `U` text of Unicode, `S` text of bytes. */
  readonly kind: 'f' | 'i' | 'u' | 'b' | 'U' | 'S';
  /** Of an element. */
  readonly bytes: number;
  readonly order: 'little' | 'big';
}

export interface NpyHeader {
  /** Or why the elements can't be read, as said after the array's name. */
  readonly type: NpyType | string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Bytes before the first element. */
  readonly length: number;
}

export const NPY_MAGIC = '\x93NUMPY';
/** As NumPy itself refuses longer ones. */
export const LONGEST_HEADER = 64 * 1024;
const MOST_AXES = 64;

/**
 * The header of a `.npy` file, of versions 1 to 3. Nothing in it is evaluated.
 *
 * @param head the first bytes of the file, at least LONGEST_HEADER of them or all
 * @throws UnusableFileError when it is none
 */
export function parseNpyHeader(file: string, what: string, head: Uint8Array): NpyHeader {
  const refuse = (why: string) => new UnusableFileError(file, undefined, `${what} is no array of NumPy: ${why}`);
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== NPY_MAGIC)
    throw refuse('it doesn’t begin with \\x93NUMPY');
  const version = bytes.readUInt8(6);
  if (version < 1 || version > 3) throw refuse(`version ${version} of the format, and 1 to 3 are known`);
  const start = version === 1 ? 10 : 12;
  const length = start + (version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  if (length > LONGEST_HEADER) throw refuse(`a header of ${length} bytes, and at most ${LONGEST_HEADER} are read`);
  if (length > bytes.length) throw refuse('it ends within its header: it is truncated or damaged');
  const text = bytes.toString('utf8', start, length);
  const fortran = /'fortran_order'\s*:\s*(True|False)\b/.exec(text)?.[1];
  const sizes = /'shape'\s*:\s*\(([^()]*)\)/.exec(text)?.[1];
  if (fortran === undefined || sizes === undefined) throw refuse('its header has no order or no shape');
  const items = sizes
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  const shape = items.map((item) => (/^\d+L?$/.test(item) ? Number.parseInt(item, 10) : NaN));
  const count = shape.reduce((product, size) => product * size, 1);
  if (shape.length > MOST_AXES || !Number.isSafeInteger(count)) throw refuse(`a shape of (${sizes.slice(0, 80)})`);
  return { type: typeOf(text, refuse), fortran: fortran === 'True', shape, length };
}

/** Sizes that JavaScript has arrays of. */
const SIZES: Readonly<Record<'f' | 'i' | 'u' | 'b', readonly number[]>> = {
  f: [2, 4, 8],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  b: [1],
};
const OTHERS: Readonly<Record<string, string>> = {
  O: 'holds Python objects (a pickle, which would be executed to read it); save it as numbers or text: array.astype(...)',
  c: 'is of complex numbers; save its real part',
  M: 'is of dates; save them as numbers or text',
  m: 'is of time spans; save them as numbers',
  V: 'is of raw bytes; save it as numbers',
};

function typeOf(header: string, refuse: (why: string) => UnusableFileError): NpyType | string {
  if (/'descr'\s*:\s*\[/.test(header))
    return 'has fields (a structured array); save each field as an array: numpy.savez(file, **{n: a[n] for n in a.dtype.names})';
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1] ?? '';
  const [, order, letter = '', digits = ''] = /^([<>|=]?)([A-Za-z])(\d*)(?:\[.*\])?$/.exec(descr) ?? [];
  const other = OTHERS[letter];
  if (other !== undefined) return other;
  const kind = letter === 'a' ? 'S' : letter;
  const size = Number(digits);
  const type = { order: order === '>' ? 'big' : 'little', bytes: kind === 'U' ? size * 4 : size } as const;
  if (kind === 'U' || kind === 'S') return { ...type, kind };
  if (kind !== 'f' && kind !== 'i' && kind !== 'u' && kind !== 'b')
    throw refuse(`elements of type ${JSON.stringify(descr)}`);
  return SIZES[kind].includes(size) ? { ...type, kind } : `is of ${descr}, which is not read; save it as float64`;
}
