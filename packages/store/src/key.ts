import { InvalidAddressError } from './errors.ts';

/** S3's limit for a key, in bytes of its UTF-8 form. */
export const MAX_KEY_BYTES = 1024;

/** @throws InvalidAddressError when no store could hold such a key */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes < 1 || bytes > MAX_KEY_BYTES) {
    throw new InvalidAddressError(`A key has 1 to ${MAX_KEY_BYTES} bytes in UTF-8; this one has ${bytes}: "${key}".`);
  }
  if (!key.isWellFormed()) {
    throw new InvalidAddressError(`The key ${JSON.stringify(key)} holds half a surrogate pair and has no UTF-8 form.`);
  }
}

/** @throws InvalidAddressError unless 0 <= start <= end, both whole numbers (end may be infinite) */
export function checkRange(key: string, start: number, end: number): void {
  const whole = Number.isSafeInteger(start) && (Number.isSafeInteger(end) || end === Infinity);
  if (!whole || start < 0 || end < start) {
    throw new InvalidAddressError(
      `Bytes [${start}, ${end}) of "${key}" are not a range: expected whole numbers with 0 <= start <= end.`,
    );
  }
}

/** @throws InvalidAddressError for the empty prefix, which would empty the bucket */
export function checkDeletePrefix(prefix: string): void {
  if (prefix === '') {
    throw new InvalidAddressError('An empty prefix would delete every object of the store; name a folder to delete.');
  }
}

/**
 * Order of keys by their UTF-8 bytes, as S3 lists them. JavaScript's own order of strings differs: it compares UTF-16
 * units, which puts U+1F600 (a surrogate pair, D83D…) before U+FF5E.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Moves surrogates above the rest of the basic plane, where their code points are. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}
