import fc from 'fast-check';
import { GalaxyRandom, quantileAt } from '../src/galaxy-random.ts';
import { normalQuantile } from '../src/normal-quantile.ts';
import { exp, log } from '../src/portable-math.ts';
import { Purpose, randomKey, randomWords } from '../src/threefry.ts';

describe('Threefry-2x32-20', () => {
  // Known answers of the authors' Random123 library (file kat_vectors).
  it.each([
    { key: [0, 0], counter: [0, 0], words: [0x6b200159, 0x99ba4efe] },
    { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], words: [0x1cb996fc, 0xbb002be7] },
    { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], words: [0xc4923a9c, 0x483df7a0] },
  ])('gives the known answer for counter $counter', ({ key, counter, words }) => {
    const purpose = (counter[1]! >>> 28) as Purpose;
    const found = new Uint32Array(2);
    randomWords(found, { low: key[0]!, high: key[1]! }, counter[0]!, purpose, counter[1]! & 0x0fffffff);
    expect([...found]).toEqual(words);
  });

  it('gives any block alone as it gives it in a row', () => {
    const key = randomKey(123_456_789_012_345);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 10_000 }), (galaxy, block) => {
        const row = new Uint32Array(8);
        const alone = new Uint32Array(2);
        randomWords(row, key, galaxy, Purpose.sky, block);
        randomWords(alone, key, galaxy, Purpose.sky, block + 3);
        expect([...alone]).toEqual([...row.subarray(6)]);
      }),
    );
  });

  it('refuses seeds it could not tell apart', () => {
    for (const seed of [-1, 0.5, 2 ** 53, NaN]) expect(() => randomKey(seed)).toThrow(RangeError);
  });
});

describe('portable exp and log', () => {
  it('agree with the engine to 2 units in the last place or so', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(Math.abs(exp(x) / Math.exp(x) - 1)).toBeLessThan(5e-16);
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), (x) => {
        expect(Math.abs(log(x) - Math.log(x))).toBeLessThanOrEqual(5e-16 * Math.max(1, Math.abs(Math.log(x))));
      }),
    );
  });

  it('end at 0 and Infinity', () => {
    expect([exp(-1e9), exp(1e9), exp(0), log(1)]).toEqual([0, Infinity, 1, 0]);
  });
});

describe('normal numbers', () => {
  it('are the normal quantiles of their words', () => {
    // Quantiles of (word + 1/2) / 2^32, from Python's statistics.NormalDist.
    const known: [number, number][] = [
      [0x80000000, 2.9182e-10],
      [0xc0000000, 0.6744897506],
      [0xe6666666, 1.2815515656],
      [0xfd70a3d7, 2.3263478781],
      [0x0000000a, -5.8508908],
      [0xffffffff, 6.3379596],
    ];
    for (const [word, value] of known) expect(normalQuantile(word)).toBeCloseTo(value, 5);
  });

  it('have the moments of a normal distribution', () => {
    const random = new GalaxyRandom(randomKey(7), Purpose.properties).start(0);
    const values = Array.from({ length: 100_000 }, () => random.normal());
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / values.length;
    // Three standard errors of each moment.
    expect(Math.abs(moment(1))).toBeLessThan(0.0095);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.0135);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.094);
  });
});

describe('quantileAt', () => {
  it('is linear between the quantiles and ends at the last', () => {
    expect(quantileAt([0, 10, 30], 0.25)).toBe(5);
    expect(quantileAt([0, 10, 30], 0.75)).toBe(20);
    expect(quantileAt([0, 10, 30], 1)).toBeCloseTo(30, 6);
  });
});
