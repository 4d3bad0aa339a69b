import { CARD_BYTES, REMARKS, type Card, type CardValue } from './card.ts';

export interface ParsedCards {
  readonly cards: readonly Card[];
  /** Whether END was there. Bytes behind it are not looked at. */
  readonly ended: boolean;
}

const STRING = /^ *'((?:[^']|'')*)' *(?:\/(.*))?$/;
const LOGICAL = /^ *([TF]) *(?:\/(.*))?$/;
const NUMBER = /^ *([+-]?(?:\d+\.?\d*|\.\d+)(?:[ED][+-]?\d+)?) *(?:\/(.*))?$/i;
const NOTHING = /^ *(?:\/(.*))?$/;

/**
 * Reads the cards of a header, up to END. Lines that are not as the standard has them are cards without a value, so that they
 * matter to nobody who doesn't need them.
 *
 * @param bytes whole cards of 80 bytes; those of a last one that isn't whole are left alone
 */
export function parseCards(bytes: Uint8Array): ParsedCards {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const cards: Card[] = [];
  for (let at = 0; at + CARD_BYTES <= text.length; at += CARD_BYTES) {
    const line = text.slice(at, at + CARD_BYTES);
    if (line.trimEnd() === 'END') return { cards, ended: true };
    const last = cards.at(-1);
    const continued = line.startsWith('CONTINUE') && last !== undefined ? joined(last, line.slice(8)) : undefined;
    if (continued === undefined) cards.push(parseCard(line));
    else cards[cards.length - 1] = continued;
  }
  return { cards, ended: false };
}

function parseCard(line: string): Card {
  const keyword = line.slice(0, 8).trimEnd();
  if (keyword === 'HIERARCH') return hierarchical(line.slice(8)) ?? remark(keyword, line);
  return line.slice(8, 10) === '= ' && !REMARKS.includes(keyword)
    ? { keyword, ...parseValue(line.slice(10)) }
    : remark(keyword, line);
}

/** The convention of ESO for long names: `HIERARCH ESO DET ID = 'CCD 44' / detector`. */
function hierarchical(text: string): Card | undefined {
  const equals = text.indexOf('=');
  return equals === -1
    ? undefined
    : { keyword: text.slice(0, equals).trim().replace(/ +/g, ' '), ...parseValue(text.slice(equals + 1)) };
}

function remark(keyword: string, line: string): Card {
  return { keyword, comment: line.slice(8).trimEnd() };
}

/** A text that ends in & and goes on in a CONTINUE line; undefined where the line doesn't continue one. */
function joined({ keyword, value, comment }: Card, text: string): Card | undefined {
  if (typeof value !== 'string' || !value.endsWith('&')) return undefined;
  const more = STRING.exec(text);
  if (more === null) return undefined;
  const comments = [comment, commentOf(more[2])].filter((part) => part !== undefined);
  return {
    keyword,
    value: value.slice(0, -1) + textOf(more[1]),
    ...(comments.length > 0 && { comment: comments.join(' ') }),
  };
}

function parseValue(text: string): Pick<Card, 'value' | 'comment'> {
  const string = STRING.exec(text);
  if (string !== null) return valued(textOf(string[1]), string[2]);
  const logical = LOGICAL.exec(text);
  if (logical !== null) return valued(logical[1] === 'T', logical[2]);
  const number = NUMBER.exec(text);
  if (number !== null) return valued(numberOf(number[1]), number[2]);
  return valued(undefined, NOTHING.exec(text)?.[1]);
}

function valued(value: CardValue | undefined, comment: string | undefined): Pick<Card, 'value' | 'comment'> {
  const said = commentOf(comment);
  return { ...(value !== undefined && { value }), ...(said !== undefined && { comment: said }) };
}

function commentOf(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? undefined : trimmed;
}

/** Blanks at the end mean nothing; a quote is written twice. */
function textOf(quoted = ''): string {
  return quoted.replaceAll("''", "'").replace(/ +$/, '');
}

function numberOf(text = ''): number | bigint {
  const number = Number(text.replace(/d/i, 'e'));
  return /^[+-]?\d+$/.test(text) && !Number.isSafeInteger(number) ? BigInt(text.replace(/^\+/, '')) : number;
}
