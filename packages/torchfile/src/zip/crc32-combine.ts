/** x^32 + x^26 + x^23 + … + 1 of ISO 3309 and PKWARE's APPNOTE, section 4.4.7; the highest power is the lowest bit. */
const POLYNOMIAL = 0xedb88320;
/** The polynomial 1. */
const ONE = 0x80000000;
/** x^8: what one more byte multiplies a sum by. */
const BYTE = 0x00800000;

/**
 * CRC-32 of two runs of bytes, one after the other, from the sums of both and the length of the second. A CRC is a
 * remainder modulo a polynomial over GF(2), so appending n bytes multiplies the first sum by x^(8n); the method is that of
 * zlib's crc32_combine (Mark Adler). Takes some microseconds, whatever the lengths.
 *
 * @param secondLength bytes; exact up to 2^53
 */
export function combineCrc32(first: number, second: number, secondLength: number): number {
  return (multiply(first, powerOfByte(secondLength)) ^ second) >>> 0;
}

function powerOfByte(exponent: number): number {
  let power = ONE;
  let square = BYTE;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}

/** Product modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}
