import fc from 'fast-check';
import type { Json } from '../src/index.ts';
import { childInputs } from '../src/map/item-batcher.ts';
import { exceeds } from '../src/map/tolerance.ts';

const items = fc.array(fc.oneof(fc.integer(), fc.string(), fc.dictionary(fc.string(), fc.integer())), {
  maxLength: 60,
});

describe('batches', () => {
  it('hold every item once and in order, and keep to both limits as far as they must', async () => {
    await fc.assert(
      fc.asyncProperty(
        items,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 2000, max: 9000 }),
        async (all, most, bytes) => {
          const map = { ItemBatcher: { MaxItemsPerBatch: most, MaxInputBytesPerBatch: bytes, BatchInput: { a: 1 } } };
          const children = await childInputs(map, all, {}, {});
          const batches = children.map((child) => child.input as { Items: Json[] });
          expect(batches.flatMap((batch) => batch.Items)).toEqual(all);
          for (const [index, child] of children.entries()) {
            expect(child.items).toBe(batches[index]!.Items.length);
            expect(child.items).toBeLessThanOrEqual(most);
            expect(Buffer.byteLength(JSON.stringify(child.input))).toBeLessThanOrEqual(bytes);
          }
          // No more batches than the number of items asks for, unless the bytes do.
          if (bytes > Buffer.byteLength(JSON.stringify(all)) + 100)
            expect(batches).toHaveLength(Math.ceil(all.length / most));
        },
      ),
      { seed: 11, numRuns: 60 },
    );
  });
});

describe('tolerance', () => {
  it('is exceeded by one more failure than it allows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 100 }), (total, percentage) => {
        const allowed = Math.floor((total * percentage) / 100);
        expect(exceeds({ percentage }, allowed, total)).toBe(false);
        if (allowed < total) expect(exceeds({ percentage }, allowed + 1, total)).toBe(true);
      }),
      { seed: 11 },
    );
  });
});
