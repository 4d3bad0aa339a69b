export { formatHeader } from './header/format.ts';
export { BLOCK_BYTES, CARD_BYTES, type Card, type CardValue } from './header/card.ts';
export { parseCards, type ParsedCards } from './header/parse.ts';
export { FitsFileError } from './errors.ts';
