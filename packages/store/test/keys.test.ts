import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { compareKeys, fileStore } from '../src/index.ts';
import { keysOf } from './conformance.ts';

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
