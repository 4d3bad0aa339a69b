import type { RankFigures } from '@cosmicai/payload';
import { describeFigures, describeSilence, elapsed, timeLeft } from '../src/progress/describe-figures.ts';

const figures: RankFigures = {
  galaxies: 1024,
  galaxies_total: 12_345,
  total_exact: false,
  galaxies_per_second: 310.4,
  seconds_left: { from: 36.5, to: 52 },
  ranks: { total: 40, at_work: 8, done: 4, failed: 0 },
  silent: [],
  silent_ranks: 0,
};
const silence = { rank: 3, seconds: 42.4, galaxies: 1024, pid: 77 };

describe('how far ranks are, in a line', () => {
  it.each([
    ['everything', {}, '1,024 of about 12,345 galaxies, 310/s, 35 to 55 s left, 4 of 40 ranks, 8 at work'],
    [
      'an exact total',
      { total_exact: true },
      '1,024 of 12,345 galaxies, 310/s, 35 to 55 s left, 4 of 40 ranks, 8 at work',
    ],
    [
      'no total',
      { galaxies_total: null, seconds_left: null, galaxies_per_second: 4.26 },
      '1,024 galaxies, 4.3/s, 4 of 40 ranks, 8 at work',
    ],
    ['nothing yet', { galaxies: null, galaxies_per_second: null, seconds_left: null }, '4 of 40 ranks, 8 at work'],
    [
      'the end',
      { galaxies: 12_345, total_exact: true, ranks: { total: 40, at_work: 0, done: 39, failed: 1 } },
      '12,345 of 12,345 galaxies, 310/s, 39 of 40 ranks, 1 failed',
    ],
    [
      'silent ranks',
      {
        galaxies: null,
        galaxies_per_second: null,
        seconds_left: null,
        silent: [3, 4, 5, 6].map((rank) => ({ ...silence, rank })),
        silent_ranks: 9,
      },
      '4 of 40 ranks, 8 at work, silent: ranks 3 (42 s), 4 (42 s), 5 (42 s) and 6 more',
    ],
  ])('%s', (_, change, line) => {
    expect(describeFigures({ ...figures, ...change })).toBe(line);
  });

  it.each([
    [0.4, 0.9, 'about 1 s'],
    [3.2, 6.1, '3 to 7 s'],
    [21, 24, 'about 25 s'],
    [21, 26, '20 to 30 s'],
    [41, 170, '40 s to 3 min'],
    [150, 170, 'about 3 min'],
    [150, 250, '2 to 5 min'],
    [5000, 9000, '83 min to 3 h'],
    [9000, 20_000, '2 to 6 h'],
  ])('%f to %f s left: %s', (from, to, text) => {
    expect(timeLeft({ from, to })).toBe(text);
  });

  it('writes times that pass', () => {
    expect([0, 99.9, 100, 3599, 3600, 100_000].map(elapsed)).toEqual([
      '0 s',
      '99 s',
      '1 min 40 s',
      '59 min 59 s',
      '1 h 00 min',
      '27 h 46 min',
    ]);
  });

  it('says what a silent rank had done', () => {
    expect(describeSilence(silence)).toBe('rank 3 has said nothing for 42 s, after 1,024 galaxies (process 77)');
    expect(describeSilence({ ...silence, galaxies: 0, pid: null })).toBe(
      'rank 3 has said nothing for 42 s, before its first galaxy',
    );
  });
});
