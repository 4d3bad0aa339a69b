import type { RankProgress } from '@cosmicai/payload';
import { RankBoard } from '../../src/progress/rank-board.ts';

const MB = 1_000_000;

/** A rank that has opened so many files of 100 galaxies. */
function done(rank: number, galaxies: number, files = 1): RankProgress {
  return { rank, galaxies, opened_galaxies: 100 * files, opened_bytes: files * MB };
}

/** A board of four ranks with a file each. */
function boardOf(ranks = 4): RankBoard {
  const board = new RankBoard();
  board.count({ total: ranks, done: 0, failed: 0 });
  board.plan(ranks * MB);
  return board;
}

describe('RankBoard', () => {
  it('knows no galaxies before a rank tells of some', () => {
    const board = boardOf();
    board.begins('a', 0, 0);
    expect(board.figures(1000)).toMatchObject({
      galaxies: null,
      galaxies_total: null,
      galaxies_per_second: null,
      seconds_left: null,
      ranks: { total: 4, at_work: 1, done: 0, failed: 0 },
    });
  });

  it('counts the galaxies of files that were not opened by their sizes, and exactly once all are open', () => {
    const board = boardOf();
    board.beats('a', done(0, 10), 0);
    expect(board.figures(0)).toMatchObject({ galaxies: 10, galaxies_total: 400, total_exact: false });
    for (const rank of [1, 2, 3]) board.beats(String(rank), { ...done(rank, 0), opened_galaxies: 90 }, 0);
    expect(board.figures(0)).toMatchObject({ galaxies: 10, galaxies_total: 370, total_exact: true });
  });

  it('tells no total that is not known', () => {
    const board = new RankBoard();
    board.beats('a', done(0, 10), 0);
    expect(board.figures(0)).toMatchObject({ galaxies: 10, galaxies_total: null, seconds_left: null });
  });

  it('counts ranks of an earlier attempt by their results, and does not take them for work of this one', () => {
    const board = boardOf(2);
    board.succeeds('kept', 100, 0);
    board.beats('a', done(1, 0), 0);
    for (let at = 0; at <= 10; at++) {
      board.beats('a', done(1, 5 * at), at * 1000);
      board.figures(at * 1000);
    }
    expect(board.figures(10_000)).toMatchObject({ galaxies: 150, galaxies_total: 200 });
    expect(board.figures(10_000).galaxies_per_second).toBeCloseTo(5);
  });

  it('loses what a failed attempt had done, and begins anew with the next', () => {
    const board = boardOf();
    board.begins('a', 0, 0);
    board.beats('a', done(0, 50), 0);
    board.rests('a', true);
    expect(board.figures(0)).toMatchObject({ galaxies: null, ranks: { at_work: 0 } });
    board.begins('a', 0, 1000);
    board.beats('a', done(0, 3), 1000);
    expect(board.figures(1000)).toMatchObject({ galaxies: 3, ranks: { at_work: 1 } });
    board.fails('a');
    expect(board.figures(1000)).toMatchObject({ galaxies: null, ranks: { at_work: 0 } });
  });

  it('expects no end before the slowest rank has ended', () => {
    const board = boardOf(2);
    for (let at = 0; at <= 10; at++) {
      board.beats('fast', done(0, Math.min(100, 20 * at)), at * 1000);
      board.beats('slow', done(1, at), at * 1000);
      board.figures(at * 1000);
    }
    const { seconds_left: left } = board.figures(10_000);
    expect(left!.to).toBeCloseTo(90);
    expect(left!.from).toBeLessThan(10);
  });

  it('goes by ranks where these tell of no galaxies', () => {
    const board = new RankBoard();
    for (let at = 0; at <= 20; at++) {
      board.count({ total: 40, done: at, failed: 0 }, 5);
      board.figures(at * 1000);
    }
    const figures = board.figures(20_000);
    expect(figures).toMatchObject({ galaxies: null, ranks: { at_work: 5, done: 20 } });
    expect(figures.seconds_left!.to).toBeCloseTo(20, 0);
  });

  it('names ranks at work that were not heard of for half a minute, once for each silence', () => {
    const board = boardOf();
    board.begins('a', 0, 0, 77);
    board.begins('b', 1, 0);
    board.beats('b', done(1, 8), 1000);
    board.begins('waiting', 2, 0);
    board.rests('waiting', true);
    expect(board.newlySilent(29_999)).toEqual([]);
    expect(board.newlySilent(30_000)).toEqual([{ rank: 0, seconds: 30, galaxies: 0, pid: 77 }]);
    expect(board.newlySilent(31_000)).toEqual([{ rank: 1, seconds: 30, galaxies: 8, pid: null }]);
    expect(board.newlySilent(60_000)).toEqual([]);
    expect(board.figures(60_000).silent.map(({ rank, seconds }) => [rank, seconds])).toEqual([
      [0, 60],
      [1, 59],
    ]);
    board.beats('a', done(0, 1), 61_000);
    expect(board.figures(61_000)).toMatchObject({ silent_ranks: 1 });
    expect(board.newlySilent(91_000)).toEqual([{ rank: 0, seconds: 30, galaxies: 1, pid: 77 }]);
  });

  it('blames no rank for the time in which nobody listened', () => {
    const board = boardOf();
    board.begins('a', 0, 0);
    board.excuse(100_000);
    expect(board.newlySilent(129_000)).toEqual([]);
    expect(board.newlySilent(130_000)).toHaveLength(1);
  });

  it('lists twenty silent ranks of ten thousand, and counts the others', () => {
    const board = boardOf(10_000);
    for (let rank = 0; rank < 10_000; rank++) board.begins(String(rank), rank, rank);
    const figures = board.figures(100_000);
    expect(figures.silent.map(({ rank }) => rank)).toEqual([...Array(20).keys()]);
    expect(figures.silent_ranks).toBe(10_000);
    expect(JSON.stringify(figures).length).toBeLessThan(3000);
  });
});
