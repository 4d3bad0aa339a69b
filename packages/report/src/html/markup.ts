import { visibleLines } from '@cosmicai/payload';

/** Text that is markup already and goes into a document as it stands. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Piece = string | number | null | undefined | Markup | readonly Piece[];

/** Marks text as markup. Only for text that this package made itself. */
export function raw(text: string): Markup {
  return new Markup(text);
}

/**
 * Writes HTML or SVG: every value is escaped, and shows what would turn it around or hide in it, unless it is markup; lists are
 * joined; null is nothing.
 */
export function xml(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(strings.reduce((text, part, at) => text + written(pieces[at - 1]) + part));
}

function written(piece: Piece): string {
  if (piece === null || piece === undefined) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map(written).join('');
  return visibleLines(String(piece)).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
