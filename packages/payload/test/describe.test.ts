import { describe as describeValue, InvalidInputError, parseAs, parseJsonAs } from '../src/index.ts';
import { z } from 'zod';

function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = { inner: value };
  return value;
}

describe('describe', () => {
  const circle: Record<string, unknown> = { name: 'circle' };
  circle.self = circle;

  it.each([
    ['nothing', undefined, 'nothing'],
    ['text', 'a "b"', '"a \\"b\\""'],
    ['no number', NaN, 'NaN'],
    ['a large number', 10n ** 20n, '100000000000000000000'],
    ['a function', () => 1, 'function'],
    ['what goes in circles', circle, 'an object with 2 fields'],
    ['what is too deep for JSON.stringify', nested(100_000), 'an object with 1 field'],
    ['what JSON can not hold', [1n], 'a list of 1'],
    ['what answers nothing for JSON', { toJSON: () => undefined }, 'nothing'],
    ['what a terminal would obey', '\u001b[2J\u009b2J\u202e', '"\\u001b[2J\\u009b2J\\u202e"'],
    ['half a character', '\ud83d', '"\\ud83d"'],
  ])('says %s in a few words', (_name, value, words) => {
    expect(describeValue(value)).toBe(words);
  });

  it('cuts what is long and says how long it is', () => {
    expect(describeValue('x'.repeat(10_000_000))).toBe(`"${'x'.repeat(59)}… (10000002 characters)`);
    expect(describeValue(Array(1000).fill(1))).toMatch(/^\[1,1,.*… \(2001 characters\)$/);
  });
});

describe('parsing at a boundary', () => {
  it('refuses what is nested too deep before a schema that calls itself meets it', () => {
    expect(parseAs(z.json(), nested(199), 'value')).toEqual(nested(199));
    for (const levels of [201, 100_000])
      expect(() => parseAs(z.json(), nested(levels), 'value')).toThrow(InvalidInputError);
    expect(() => parseJsonAs(z.json(), `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'value')).toThrow(/200 levels/);
  });

  it('finds the end of what many refer to', () => {
    let shared: unknown = [];
    for (let level = 0; level < 150; level++) shared = [shared, shared];
    expect(parseAs(z.unknown(), shared, 'value')).toBe(shared);
  });

  it('shows field names without what a terminal would obey', () => {
    const parse = () => parseAs(z.record(z.string(), z.number()), { '\u001b[2J': 'x' }, 'value');
    expect(parse).toThrow('\\u001b[2J: found "x"');
  });
});
