import { z } from 'zod';
import { formatField } from './format-version.ts';

/** Name of the file in an execution's folder that tells how far a run is while it is under way. */
export const PROGRESS_FILE = 'progress.json';

/** Silent ranks that are named one by one; the others are counted. */
export const MOST_SILENT_NAMED = 20;

const count = z.number().int().nonnegative();

/** How far the ranks of a run are. */
export const rankFiguresSchema = z.object({
  /** Galaxies predicted; null as long as no rank has told of any. */
  galaxies: count.nullable(),
  /** All galaxies of the run; null where nothing is known of them yet. */
  galaxies_total: count.nullable(),
  /** Whether every file has been counted; else the total is estimated by the sizes of the files. */
  total_exact: z.boolean(),
  /** Over the last half minute; null until it is known. */
  galaxies_per_second: z.number().nonnegative().nullable(),
  /** The least and the most, by the rates of the last seconds, the last half minute and the whole. */
  seconds_left: z.object({ from: z.number().nonnegative(), to: z.number().nonnegative() }).nullable(),
  ranks: z.object({ total: count, at_work: count, done: count, failed: count }),
  /** Ranks at work that have said nothing for half a minute: the first of them, longest silent first. */
  silent: z.array(
    z.object({ rank: count, seconds: z.number().nonnegative(), galaxies: count, pid: z.number().int().nullable() }),
  ),
  silent_ranks: count,
});
export type RankFigures = Readonly<z.output<typeof rankFiguresSchema>>;

/** What the engine that runs a run tells of it to whoever looks, again and again, in a file of a few lines. */
export const progressRecordSchema = z.object({
  /** Null before the run is planned. */
  run_id: z.string().nullable(),
  written_at: z.iso.datetime(),
  /** Process of the engine. */
  pid: z.number().int(),
  state: z.string(),
  state_seconds: z.number().nonnegative(),
  /** Null in states without ranks. */
  figures: rankFiguresSchema.nullable(),
  format: formatField,
});
export type ProgressRecord = Readonly<z.output<typeof progressRecordSchema>>;
