import { extendedBy } from '../../../test/extending.ts';

const extended = extendedBy('Add a plot', 'report');
afterAll(() => extended.remove());

describe('the text of docs/extending.md', () => {
  it('adds a plot by a file, a line and a test', () => {
    expect(extended.changes).toEqual([
      'ts src/charts/flag-counts.ts',
      'diff src/charts/plots.ts',
      'diff src/charts/plots.ts',
      'ts test/flag-counts.test.ts',
    ]);
  });
});

// Registers the test of the plot that was added.
for (const test of extended.tests) await import(test);
