import { extendedBy } from '../../../test/extending.ts';

const extended = extendedBy('Add a model family', 'families');
afterAll(() => extended.remove());

describe('the text of docs/extending.md', () => {
  it('adds a model family by a folder, a line and a test', () => {
    expect(extended.changes).toEqual([
      'ts src/brightness/brightness-family.ts',
      'diff src/families.ts',
      'diff src/families.ts',
      'ts test/brightness-family.test.ts',
    ]);
  });
});

// Registers the suite for the family that was added.
for (const test of extended.tests) await import(test);
