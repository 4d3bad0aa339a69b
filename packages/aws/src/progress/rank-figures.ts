import type { RankFigures, RankLine } from '@cosmicai/payload';
import { RankBoard, type RankCounts } from '@cosmicai/runs';
import { rankLines, type RankLinesQuery } from './rank-lines.ts';
import type { MapRunCounts } from '../services/workflow-service.ts';

/** How far apart the rate looks at what was logged. */
const LOOK_MS = 2000;

/** Ranks of a Map run by what became of them, and how many are at work. */
export function ranksOver({ total, succeeded, failed, aborted, pending }: MapRunCounts): {
  readonly counts: RankCounts;
  readonly atWork: number;
} {
  const counts = { total, done: succeeded, failed: failed + aborted };
  return { counts, atWork: Math.max(0, total - counts.done - counts.failed - pending) };
}

/**
 * How far the ranks of a Map run are, by all that they have logged.
 *
 * @param bytes of all partition files; undefined where that isn't known
 * @param now epoch milliseconds
 */
export async function rankFigures(
  query: RankLinesQuery,
  mapRun: MapRunCounts,
  bytes: number | undefined,
  now: number,
): Promise<RankFigures> {
  const board = new RankBoard();
  if (bytes !== undefined) board.plan(bytes);
  let looked = -Infinity;
  for await (const { at, line } of rankLines(query)) {
    tellBoard(board, line, at);
    if (at - looked < LOOK_MS) continue;
    looked = at;
    board.figures(at);
  }
  const { counts, atWork } = ranksOver(mapRun);
  board.count(counts, atWork);
  return board.figures(now);
}

function tellBoard(board: RankBoard, line: RankLine, at: number): void {
  const place = String(line.rank);
  switch (line.message) {
    case 'rank begins':
      board.begins(place, line.rank, at);
      return;
    case 'rank at work':
      board.beats(place, line, at);
      return;
    case 'rank ends':
      board.succeeds(place, line.samples, at);
  }
}
