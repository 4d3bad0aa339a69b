/** What is said of a column whose texts are written so. */
export const PERCENT_ENCODED = 'UTF-8 with percent-encoding (RFC 3986)';

/** A text in printable ASCII: bytes of UTF-8 that are none, blanks and `%` itself as RFC 3986 escapes them. */
export function percentEncoded(text: string): string {
  return Array.from(Buffer.from(text), (byte) =>
    byte > 0x20 && byte < 0x7f && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}
