/** Headers and data lie in whole blocks of so many bytes. */
export const BLOCK_BYTES = 2880;

/** Characters of one line of a header. */
export const CARD_BYTES = 80;

/** Whole numbers beyond 2^53 are bigints, as in TZERO = 9223372036854775808. */
export type CardValue = string | boolean | number | bigint;

/** A line of a header; one with CONTINUE lines behind it counts as one. */
export interface Card {
  /** In capitals, `COMMENT`, `HISTORY` or '' for remarks; of a HIERARCH card all that stands before the equals sign: `ESO DET ID`. */
  readonly keyword: string;
  /** Undefined: the card gives none, or one that is no FITS value. */
  readonly value?: CardValue | undefined;
  /** Of remarks, their text. */
  readonly comment?: string | undefined;
}

/** Keywords of cards that are text throughout. */
export const REMARKS: readonly string[] = ['COMMENT', 'HISTORY', ''];
