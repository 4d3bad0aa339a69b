import type { RankResult } from '@cosmicai/payload';
import { rankResult } from '../../../test/rank-results.ts';
import { RanksTold } from '../src/ranks-told.ts';

const withWarnings = (...ofRanks: string[][]) => ofRanks.map((warnings, rank) => rankResult(rank, { warnings }));

function toldOf(results: readonly RankResult[]): RanksTold {
  const told = new RanksTold();
  for (const result of results) told.add(result);
  return told;
}

const warningsOfRanks = (results: readonly RankResult[]) => toldOf(results).warnings.merged();
const notCheckedByRanks = (results: readonly RankResult[]) => toldOf(results).notChecked.merged();

describe('warnings of ranks', () => {
  it('are none where none has any', () => {
    expect(warningsOfRanks([])).toEqual([]);
    expect(warningsOfRanks(withWarnings([], []))).toEqual([]);
    expect(notCheckedByRanks([rankResult(0)])).toEqual([]);
  });

  it.each([
    [[['dark']], ['Rank 0: dark']],
    [[['dark'], []], ['Rank 0: dark']],
    [[['dark'], ['dark']], ['All ranks: dark']],
    [[[], ['dark'], ['dark']], ['Rank 1 and 1 other rank of 3: dark']],
    [[['dark'], [], ['dark'], ['dark']], ['Rank 0 and 2 other ranks of 4: dark']],
    // Twice in one rank is still one rank.
    [[['dark', 'dark'], []], ['Rank 0: dark']],
    [
      [['dark', 'bright'], ['bright']],
      ['Rank 0: dark', 'All ranks: bright'],
    ],
  ])('%j are told as %j', (given, told) => {
    expect(warningsOfRanks(withWarnings(...given))).toEqual(told);
  });

  it.each([
    ['5 of 9 are blank.', '17 of 20 are blank.'],
    ['In 100MB/1.pt is nothing.', 'In 100MB/22.pt is nothing.'],
    ['In a.pt is nothing.', 'In b.pt is nothing.'],
    ['In images/a.pt is nothing.', 'In more/b.pt is nothing.'],
    ['In a.pt, b.pt, c.pt are none.', 'In d.pt are none.'],
    ['Galaxy #7 is dark.', 'Galaxy #12 is dark.'],
  ])('that differ in figures and names are one kind: %s', (one, other) => {
    expect(warningsOfRanks(withWarnings([one], [other]))).toEqual([`All ranks: ${one}`]);
  });

  it('that differ in words are two', () => {
    expect(warningsOfRanks(withWarnings(['Too dark'], ['Too bright']))).toEqual([
      'Rank 0: Too dark',
      'Rank 1: Too bright',
    ]);
  });

  it('are twenty at most, and how many more', () => {
    const kinds = (count: number) => Array.from({ length: count }, (_, k) => 'x'.repeat(k + 1));
    expect(warningsOfRanks(withWarnings(kinds(20)))).toHaveLength(20);
    const told = warningsOfRanks(withWarnings(kinds(22)));
    expect(told.slice(19)).toEqual([
      `Rank 0: ${'x'.repeat(20)}`,
      '… and 2 more kinds of warnings, see the results of the ranks',
    ]);
  });

  it('have what could not be checked beside them', () => {
    const results = [rankResult(0, { not_checked: ['sums'], warnings: ['dark'] }), rankResult(1)];
    expect(notCheckedByRanks(results)).toEqual(['Rank 0: sums']);
  });
});
