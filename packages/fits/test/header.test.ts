import fc from 'fast-check';
import { BLOCK_BYTES, formatHeader, parseCards, type Card } from '../src/index.ts';

/** The cards of lines as they stand in files. */
function parsed(...lines: readonly string[]): readonly Card[] {
  return parseCards(Buffer.from(lines.map((line) => line.padEnd(80)).join(''), 'latin1')).cards;
}

/** The lines of a header, without what fills its last block. */
function formatted(...cards: readonly Card[]): string[] {
  const text = formatHeader(cards).toString('latin1');
  const lines = Array.from({ length: text.length / 80 }, (_, at) => text.slice(at * 80, (at + 1) * 80).trimEnd());
  return lines.slice(0, lines.indexOf('END'));
}

describe('parseCards', () => {
  it.each<[string, Card]>([
    ['SIMPLE  =                    T / conforms', { keyword: 'SIMPLE', value: true, comment: 'conforms' }],
    ['EXTEND  = F', { keyword: 'EXTEND', value: false }],
    ['BITPIX  =                  -32', { keyword: 'BITPIX', value: -32 }],
    ['TZERO1  =  9223372036854775808', { keyword: 'TZERO1', value: 9223372036854775808n }],
    ['BSCALE  =             1.5D-003 / per ADU', { keyword: 'BSCALE', value: 0.0015, comment: 'per ADU' }],
    ['CRVAL1  = +.5E2', { keyword: 'CRVAL1', value: 50 }],
    ["OBJECT  = 'O''Neill / 1 '  / name", { keyword: 'OBJECT', value: "O'Neill / 1", comment: 'name' }],
    ["BUNIT   = ''", { keyword: 'BUNIT', value: '' }],
    ["BUNIT   = '  K'", { keyword: 'BUNIT', value: '  K' }],
    ['BLANK   =                      / not set', { keyword: 'BLANK', comment: 'not set' }],
    ['COMPLEX = (1.0, 2.0)', { keyword: 'COMPLEX' }],
    ["OPEN    = 'no end", { keyword: 'OPEN' }],
    ['AIRMASS = NaN', { keyword: 'AIRMASS' }],
    ['COMMENT = not a value', { keyword: 'COMMENT', comment: '= not a value' }],
    ['COMMENT  as they say', { keyword: 'COMMENT', comment: ' as they say' }],
    ['HISTORY flattened', { keyword: 'HISTORY', comment: 'flattened' }],
    ['', { keyword: '', comment: '' }],
    ['HIERARCH ESO DET  ID = 44 / chip', { keyword: 'ESO DET ID', value: 44, comment: 'chip' }],
    ['HIERARCH of angels', { keyword: 'HIERARCH', comment: ' of angels' }],
  ])('reads %j', (line, card) => {
    expect(parsed(line)).toEqual([card]);
  });

  it('joins a text that goes on, with its comments', () => {
    expect(
      parsed("WHY     = 'because &'", "CONTINUE  'it''s &' / first", "CONTINUE  'long' / second", 'NEXT    = 1'),
    ).toEqual([
      { keyword: 'WHY', value: "because it's long", comment: 'first second' },
      { keyword: 'NEXT', value: 1 },
    ]);
  });

  it('leaves a & at the end of a text that doesn’t go on, and a line that continues nothing', () => {
    expect(parsed("FIRM    = 'Sons &'", 'NEXT    = 1')[0]).toEqual({ keyword: 'FIRM', value: 'Sons &' });
    expect(parsed('NEXT    = 1', "CONTINUE  'of what'")).toHaveLength(2);
    expect(parsed("CONTINUE  'of what'")).toHaveLength(1);
  });

  it('ends at END and says whether it came', () => {
    const bytes = Buffer.from(['A       = 1', 'END', 'B       = 2'].map((line) => line.padEnd(80)).join(''));
    expect(parseCards(bytes)).toEqual({ cards: [{ keyword: 'A', value: 1 }], ended: true });
    expect(parseCards(bytes.subarray(0, 159))).toEqual({ cards: [{ keyword: 'A', value: 1 }], ended: false });
    expect(parsed('ENDLESS = 1')).toEqual([{ keyword: 'ENDLESS', value: 1 }]);
  });
});

describe('formatHeader', () => {
  it.each<[Card, string]>([
    [{ keyword: 'SIMPLE', value: true, comment: 'conforms' }, 'SIMPLE  =                    T / conforms'],
    [{ keyword: 'NAXIS', value: 2 }, 'NAXIS   =                    2'],
    [{ keyword: 'TZERO1', value: 9223372036854775808n }, 'TZERO1  =  9223372036854775808'],
    [{ keyword: 'TSCAL1', value: 1e-7 }, 'TSCAL1  =               1.0E-7'],
    [{ keyword: 'BIG', value: 1.5e300 }, 'BIG     =              1.5E300'],
    [{ keyword: 'HALF', value: 0.5 }, 'HALF    =                  0.5'],
    [{ keyword: 'OBJECT', value: "O'Neill", comment: 'name' }, "OBJECT  = 'O''Neill'           / name"],
    [{ keyword: 'BUNIT', value: '' }, "BUNIT   = '        '"],
    [{ keyword: 'BLANK' }, 'BLANK   ='],
    [{ keyword: 'COMMENT', comment: 'a remark' }, 'COMMENT a remark'],
  ])('writes %j', (card, line) => {
    expect(formatted(card)).toEqual([line]);
  });

  it('fills whole blocks', () => {
    expect(formatHeader([])).toHaveLength(BLOCK_BYTES);
    const cards = Array.from({ length: 36 }, (_, at) => ({ keyword: `K${at}`, value: at }));
    expect(formatHeader(cards.slice(1))).toHaveLength(BLOCK_BYTES);
    expect(formatHeader(cards)).toHaveLength(2 * BLOCK_BYTES);
  });

  it('refuses what a header can’t hold', () => {
    expect(() => formatHeader([{ keyword: 'NINECHARS', value: 1 }])).toThrow(RangeError);
    expect(() => formatHeader([{ keyword: 'lower', value: 1 }])).toThrow(RangeError);
    expect(() => formatHeader([{ keyword: 'UNIT', value: 'µm' }])).toThrow(RangeError);
    expect(() => formatHeader([{ keyword: 'NAN', value: NaN }])).toThrow(RangeError);
  });

  it('writes what parseCards reads back, in lines of 80 characters', () => {
    const text = fc
      .string({ unit: fc.constantFrom('a', ' ', "'", '&', '/', '=', 'T', '1', '.'), maxLength: 300 })
      .map((value) => value.trimEnd());
    const value = fc.oneof(
      text,
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    );
    const card = fc.record({ keyword: fc.stringMatching(/^[A-DF-Z][A-Z0-9_]{0,6}$/), value });
    const isData = ({ keyword }: Card) => !['COMMENT', 'HISTORY'].includes(keyword);
    fc.assert(
      fc.property(fc.array(card.filter(isData), { maxLength: 8 }), (cards) => {
        const bytes = formatHeader(cards);
        expect(bytes.length % BLOCK_BYTES).toBe(0);
        expect(parseCards(bytes)).toEqual({ cards, ended: true });
      }),
      { numRuns: 200, seed: 1 },
    );
  });
});
