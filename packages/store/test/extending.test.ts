import { extendedBy } from '../../../test/extending.ts';

const extended = extendedBy('Add a store', 'store');
afterAll(() => extended.remove());

describe('the text of docs/extending.md', () => {
  it('adds a store by a folder, a line and a test', () => {
    expect(extended.changes).toEqual([
      'ts src/memory/memory-store.ts',
      'diff src/schemes.ts',
      'diff src/schemes.ts',
      'ts test/memory-store.test.ts',
    ]);
  });
});

// Registers the suite for the store that was added.
for (const test of extended.tests) await import(test);
