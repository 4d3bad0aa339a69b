/**
 * The sums of FITS (standard 4.0, section 4.4.2.7 and appendix J): ones' complement sums of 32-bit words, big-endian. Equal sums say
 * that bytes are those that were written, not that nobody wanted them otherwise.
 */

const WORD = 4;
/** Words that are added before the carries are: their sum stays a whole number of 53 bits. */
const WORDS_AT_ONCE = 2 ** 20;
const CARRY = 2 ** 32;

/** A sum of bytes that come in pieces of any length. */
export class FitsSum {
  #sum = 0;
  /** Bytes that don't make a word yet. */
  #rest: Uint8Array = new Uint8Array(0);

  add(bytes: Uint8Array): this {
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const words = Math.floor(all.length / WORD);
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
    for (let from = 0; from < words; from += WORDS_AT_ONCE) {
      const to = Math.min(words, from + WORDS_AT_ONCE);
      let sum = this.#sum;
      for (let word = from; word < to; word++) sum += view.getUint32(word * WORD);
      this.#sum = folded(sum);
    }
    this.#rest = Uint8Array.from(all.subarray(words * WORD));
    return this;
  }

  /** From 0 to 2^32 - 1; what doesn't fill a word counts as if zeros followed. */
  get value(): number {
    if (this.#rest.length === 0) return this.#sum;
    const last = Buffer.alloc(WORD);
    last.set(this.#rest);
    return folded(this.#sum + last.readUInt32BE());
  }
}

/** Adds the carries to the sum of words. */
function folded(sum: number): number {
  let all = sum;
  while (all >= CARRY) all = (all % CARRY) + Math.floor(all / CARRY);
  return all;
}

/** Of punctuation between digits, capitals and small letters, which a CHECKSUM has none of. */
function isPunctuation(code: number): boolean {
  return (code > 0x39 && code < 0x41) || (code > 0x5a && code < 0x61);
}

/** The 16 characters of a CHECKSUM that make the sum of an HDU all ones, which is zero. @param sum with 16 zeros in their place */
export function checksumText(sum: number): string {
  const complement = CARRY - 1 - sum;
  const characters = new Uint8Array(16);
  for (let byte = 0; byte < WORD; byte++) {
    const value = Math.floor(complement / 2 ** (24 - 8 * byte)) % 256;
    const codes = [0, 1, 2, 3].map((place) => Math.floor(value / 4) + 0x30 + (place === 0 ? value % 4 : 0));
    for (const [one, other] of [
      [0, 1],
      [2, 3],
    ] as const) {
      while (isPunctuation(codes[one] ?? 0) || isPunctuation(codes[other] ?? 0)) {
        codes[one] = (codes[one] ?? 0) + 1;
        codes[other] = (codes[other] ?? 0) - 1;
      }
    }
    for (const [place, code] of codes.entries()) characters[4 * place + byte] = code;
  }
  // A value begins at the 12th byte of its card, a word at the 13th.
  return Buffer.from(Array.from(characters, (_, at) => characters[(at + 15) % 16] ?? 0)).toString('latin1');
}
