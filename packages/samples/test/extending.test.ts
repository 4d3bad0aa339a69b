import { extendedBy } from '../../../test/extending.ts';

const extended = extendedBy('Add a source', 'samples');
afterAll(() => extended.remove());

describe('the text of docs/extending.md', () => {
  it('adds a source by a folder, a line and a test', () => {
    expect(extended.changes).toEqual([
      'ts src/cube/cube-format.ts',
      'diff src/formats.ts',
      'diff src/formats.ts',
      'ts test/cube.test.ts',
    ]);
  });
});

// Registers the suite for the source that was added.
for (const test of extended.tests) await import(test);
