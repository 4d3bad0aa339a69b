import { BLOCK_BYTES, CARD_BYTES, REMARKS, type Card, type CardValue } from './card.ts';

/** Where fixed-format numbers and logicals end. */
const VALUE_END = 30;
/** Between `KEYWORD = '` and the closing quote, with room for a & in front of it. */
const LONGEST_TEXT = CARD_BYTES - 10 - 2;

/**
 * The bytes of a header: its cards, END, and blanks up to a whole block. Texts that don't fit one card go on in CONTINUE cards;
 * a comment that doesn't fit its card is cut.
 *
 * @throws RangeError when a keyword or a text can't stand in a header: keywords have up to eight of A-Z, 0-9, - and _, and texts
 *   are of printable ASCII
 */
export function formatHeader(cards: readonly Card[]): Buffer {
  const lines = [...cards.flatMap((card) => formatCard(card)), 'END'];
  const text = lines.map((line) => line.padEnd(CARD_BYTES)).join('');
  return Buffer.from(text.padEnd(Math.ceil(text.length / BLOCK_BYTES) * BLOCK_BYTES), 'latin1');
}

/** Lines of up to 80 characters. */
function formatCard({ keyword, value, comment }: Card): string[] {
  if (!/^[A-Z0-9_-]{0,8}$/.test(keyword)) throw new RangeError(`${JSON.stringify(keyword)} can’t be a keyword of FITS`);
  if (!/^[ -~]*$/.test(`${typeof value === 'string' ? value : ''}${comment ?? ''}`)) {
    throw new RangeError(`the card ${keyword} has other characters than printable ASCII`);
  }
  if (REMARKS.includes(keyword)) return remarks(keyword, comment ?? '');
  const start = `${keyword.padEnd(8)}= `;
  if (typeof value === 'string') return formatText(start, value, comment);
  return [withComment(start + formatValue(value).padStart(VALUE_END - start.length), comment)];
}

function formatValue(value: Exclude<CardValue, string> | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value)) throw new RangeError(`${value} can’t be a value in a header of FITS`);
  const [mantissa = '', exponent] = String(value).toUpperCase().split('E');
  const point = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  return exponent === undefined ? point : `${point}E${exponent.replace('+', '')}`;
}

function formatText(start: string, text: string, comment: string | undefined): string[] {
  const pieces = piecesOf(text);
  return pieces.map((piece, place) => {
    const isLast = place === pieces.length - 1;
    const line = `${place === 0 ? start : 'CONTINUE  '}'${`${piece}${isLast ? '' : '&'}`.padEnd(8)}'`;
    return isLast ? withComment(line.padEnd(VALUE_END), comment) : line;
  });
}

/** A text with its quotes doubled, cut where a card is full and never between two quotes. */
function piecesOf(text: string): string[] {
  const pieces = [''];
  for (const character of text) {
    const written = character === "'" ? "''" : character;
    const piece = pieces.at(-1) ?? '';
    // One less than fits, for the & of a text that goes on.
    if (piece.length + written.length < LONGEST_TEXT) pieces[pieces.length - 1] = piece + written;
    else pieces.push(written);
  }
  return pieces;
}

function withComment(line: string, comment: string | undefined): string {
  return comment === undefined || comment === '' ? line : `${line} / ${comment}`.slice(0, CARD_BYTES);
}

/** As many cards as the text fills. */
function remarks(keyword: string, text: string): string[] {
  const room = CARD_BYTES - 8;
  const count = Math.max(1, Math.ceil(text.length / room));
  return Array.from({ length: count }, (_, line) => keyword.padEnd(8) + text.slice(line * room, (line + 1) * room));
}
