import { FitsFileError } from '../errors.ts';
import type { Card, CardValue } from '../header/card.ts';

/** The cards of one HDU, by keyword, with refusals that name file, HDU and card. */
export class Header {
  readonly cards: readonly Card[];
  /** `HDU 1 (EXTNAME SCI)` */
  readonly hdu: string;
  readonly #file: string;
  readonly #offset: number;
  readonly #values: ReadonlyMap<string, CardValue | undefined>;

  /**
   * @param file its name
   * @param index of the HDU, 0 for the primary one
   * @param offset of the header in the file
   */
  constructor(file: string, index: number, offset: number, cards: readonly Card[]) {
    this.cards = cards;
    this.#file = file;
    this.#offset = offset;
    // Of a keyword that stands there twice the first counts, as for others who read FITS.
    this.#values = new Map(cards.toReversed().map(({ keyword, value }) => [keyword, value]));
    const name = this.#values.get('EXTNAME');
    this.hdu = `HDU ${index}${typeof name === 'string' && name !== '' ? ` (${name})` : ''}`;
  }

  has(keyword: string): boolean {
    return this.#values.has(keyword);
  }

  /** @throws FitsFileError when it is there and no text */
  text(keyword: string): string | undefined {
    const value = this.#values.get(keyword);
    if (value === undefined || typeof value === 'string') return value;
    throw this.refusal(`${keyword} is ${value}; expected a text`);
  }

  /**
   * @param otherwise where the card is not there or says nothing; left out: it must
   * @throws FitsFileError when it is no whole number from `least` to `most`
   */
  whole(
    keyword: string,
    {
      least = 0,
      most = Number.MAX_SAFE_INTEGER,
      otherwise,
    }: { readonly least?: number; readonly most?: number; readonly otherwise?: number } = {},
  ): number {
    const value = this.#values.get(keyword) ?? otherwise;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw this.refusal(`${keyword} is ${describe(value)}; expected a whole number ${range}`);
  }

  /**
   * A number of any kind; a bigint where it is whole and beyond 2^53.
   *
   * @throws FitsFileError when it is there and no number
   */
  number(keyword: string): number | bigint | undefined {
    const value = this.#values.get(keyword);
    if (value === undefined || typeof value === 'bigint') return value;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.refusal(`${keyword} is ${describe(value)}; expected a number`);
  }

  flag(keyword: string): boolean {
    return this.#values.get(keyword) === true;
  }

  refusal(problem: string): FitsFileError {
    return new FitsFileError(this.#file, this.#offset, `${this.hdu}: ${problem}`);
  }
}

function describe(value: CardValue | undefined): string {
  if (value === undefined) return 'not there';
  return typeof value === 'string' ? `'${value}'` : typeof value === 'boolean' ? (value ? 'T' : 'F') : String(value);
}
