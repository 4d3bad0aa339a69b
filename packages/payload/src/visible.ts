/**
 * What a terminal obeys, and what turns text around, hides in it or ends its line: control characters (C0, DEL, C1), format
 * characters (marks, embeddings, overrides and isolates of direction, zero-width characters), separators of lines and paragraphs.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const INVISIBLE_IN_LINES = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text of anybody as one line that only shows, whatever is in it: each such character as JSON would escape it (`\u001b`), so that
 * JSON stays what it was.
 */
export function visible(text: string): string {
  return text.toWellFormed().replace(INVISIBLE, escaped);
}

/** The same for text of several lines: its line breaks and tabs stay. */
export function visibleLines(text: string): string {
  return text.toWellFormed().replace(INVISIBLE_IN_LINES, escaped);
}

/** By units of UTF-16, as JSON has it. */
function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
