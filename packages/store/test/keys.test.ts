import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { compareKeys, fileStore, InvalidAddressError } from '../src/index.ts';
import { checkDeletePrefix, checkKey, checkRange } from '../src/key.ts';
import { keysOf } from '../src/conformance.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 30 });

describe('keys', () => {
  it('compare as their UTF-8 bytes do', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (start, a, b) => {
        const bytes = Buffer.compare(Buffer.from(start + a), Buffer.from(start + b));
        expect(Math.sign(compareKeys(start + a, start + b))).toBe(bytes);
      }),
      { numRuns: 2000, seed: 3 },
    );
    expect(['\u{1f600}', '\uff5e', 'z'].sort(compareKeys)).toEqual(['z', '\uff5e', '\u{1f600}']);
  });

  it('compare as their bytes do on both sides of the surrogates', () => {
    const inOrder = ['', 'a', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'];
    for (const [i, a] of inOrder.entries())
      for (const [j, b] of inOrder.entries()) expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(i - j));
    expect(compareKeys('same', 'same')).toBe(0);
    expect(compareKeys('a', 'ab')).toBeLessThan(0);
  });

  it.each([
    ['', 'A key has 1 to 1024 bytes in UTF-8; this one has 0: "".'],
    ['a'.repeat(1025), `A key has 1 to 1024 bytes in UTF-8; this one has 1025: "${'a'.repeat(1025)}".`],
    [`${'é'.repeat(512)}a`, `A key has 1 to 1024 bytes in UTF-8; this one has 1025: "${'é'.repeat(512)}a".`],
    ['a\ud800', 'The key "a\\ud800" holds half a surrogate pair and has no UTF-8 form.'],
  ])('refuse %j', (key, message) => {
    expect(() => checkKey(key)).toThrow(new InvalidAddressError(message));
  });

  it.each(['a', 'a'.repeat(1024), 'é'.repeat(512), '\u{1f600}'])('may be %s', (key) => {
    expect(() => checkKey(key)).not.toThrow();
  });

  it('have ranges of whole bytes that don’t end before they start', () => {
    for (const [start, end] of [
      [0, 0],
      [5, 5],
      [0, 1],
      [3, Infinity],
    ] as const)
      expect(() => checkRange('k', start, end)).not.toThrow();
    for (const [start, end] of [
      [-1, 3],
      [-1, Infinity],
      [3, 2],
      [1.5, 3],
      [0, 2.5],
      [NaN, 1],
      [0, NaN],
      [Infinity, Infinity],
    ] as const)
      expect(() => checkRange('k', start, end)).toThrow(
        new InvalidAddressError(
          `Bytes [${start}, ${end}) of "k" are not a range: expected whole numbers with 0 <= start <= end.`,
        ),
      );
  });

  it('are deleted below a prefix that names something', () => {
    expect(() => checkDeletePrefix('')).toThrow(
      new InvalidAddressError('An empty prefix would delete every object of the store; name a folder to delete.'),
    );
    expect(() => checkDeletePrefix('a')).not.toThrow();
  });

  it('of any text become files and come back as they were', async () => {
    const segment = fc.oneof(
      anyText,
      fc.constantFrom('..', '.', '', '%=', '%+', '%!', '\0', '%00', '.cosmicai-store'),
      fc.string({ unit: 'binary', minLength: 100, maxLength: 200 }),
    );
    const key = fc
      .array(segment, { minLength: 1, maxLength: 4 })
      .map((segments) => segments.join('/'))
      .filter((text) => text !== '' && Buffer.byteLength(text) <= 1024);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 6 }), async (keys) => {
        const folder = await mkdtemp(join(tmpdir(), 'cosmicai-keys-'));
        const store = fileStore(folder);
        for (const each of keys) await store.put(each, each);
        expect(await keysOf(store)).toEqual([...keys].sort(compareKeys));
        for (const each of keys) expect((await store.get(each)).toString()).toBe(each);
        for (const each of keys) await store.delete(each);
        expect(await keysOf(store)).toEqual([]);
        await rm(folder, { recursive: true });
      }),
      { numRuns: 150, seed: 11 },
    );
  });
});
