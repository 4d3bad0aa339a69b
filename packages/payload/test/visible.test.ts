import { visible, visibleLines } from '../src/index.ts';

describe('visible text', () => {
  /** Every character of the first plane, and some of the others. */
  const everything = [
    ...Array.from({ length: 0x1_0000 }, (_, code) => code).filter((code) => code < 0xd800 || code > 0xdfff),
    ...[0x1_f600, 0x1_d173, 0xe_0001, 0xe_0041],
  ].map((code) => String.fromCodePoint(code));

  it('is what it was wherever it only shows, and tells what it was where not', () => {
    for (const character of everything) {
      const shown = visible(character);
      if (shown !== character) expect(shown).toMatch(/^(\\u[0-9a-f]{4})+$/);
      if (shown !== character) expect(JSON.parse(`"${shown}"`)).toBe(character);
    }
  });

  it.each([
    ['control characters', 0x00, 0x1f],
    ['DEL and C1', 0x7f, 0x9f],
    ['embeddings and overrides', 0x202a, 0x202e],
    ['isolates', 0x2066, 0x2069],
    ['marks of direction', 0x200e, 0x200f],
    ['the Arabic mark', 0x061c, 0x061c],
    ['separators of lines and paragraphs', 0x2028, 0x2029],
  ])('shows %s', (_name, from, to) => {
    for (let code = from; code <= to; code++) {
      const shown = `\\u${code.toString(16).padStart(4, '0')}`;
      expect(visible(String.fromCodePoint(code))).toBe(shown);
      const isOfLines = code === 0x09 || code === 0x0a;
      expect(visibleLines(String.fromCodePoint(code))).toBe(isOfLines ? String.fromCodePoint(code) : shown);
    }
  });

  it('leaves JSON what it was', () => {
    const value = { [everything.join('')]: everything.join('') };
    expect(JSON.parse(visibleLines(JSON.stringify(value, null, 2)))).toEqual(value);
  });
});
