import { basename } from 'node:path';
import {
  InvalidInputError,
  NewerFormatError,
  parseJsonAs,
  runLayout,
  runRecordSchema,
  runSummarySchema,
} from '@cosmicai/payload';
import { getIfThere, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { z } from 'zod';
import { ranksWithResult, runIds } from './run-folders.ts';

/** The status of a run that never came to its summary, or hasn't yet. */
export const NOT_SUMMARIZED = 'NOT SUMMARIZED';
const UNREADABLE = 'UNREADABLE';

/** A run as the list shows it; null is what isn't known of it. */
export interface RunRow {
  readonly run_id: string;
  /** As its summary says; NOT SUMMARIZED without one, UNREADABLE when it says none. */
  readonly status: string;
  readonly world_size: number | null;
  readonly batch_size: number | null;
  readonly samples: number | null;
  readonly wall_clock_seconds: number | null;
  readonly ranks_with_result: number;
  /** Why this version doesn't understand all that the run left; null when it does. */
  readonly problem: string | null;
}

/**
 * Every run of a results folder, finished or not, in the order of their ids.
 *
 * @param only the id of a run: the others aren't looked at
 */
export async function listRuns(store: ObjectStore, resultPath: string, only?: string): Promise<RunRow[]> {
  const runs = only === undefined ? await runIds(store, resultPath) : [only];
  const rows = await pMap(runs, (runId) => rowOf(store, resultPath, runId), { concurrency: CONCURRENT_RUNS });
  return rows.filter((row) => row !== undefined);
}

const CONCURRENT_RUNS = 8;

const wholeNumber = z.number().int().nullable().catch(null);

/** What of any version's files the list needs, each by itself. */
const anyRecord = z.object({ run: z.object({ world_size: wholeNumber }).catch({ world_size: null }) });
const anySummary = z.object({
  status: z.string().catch(UNREADABLE),
  world_size: wholeNumber,
  batch_size: wholeNumber,
  samples: wholeNumber,
  wall_clock_seconds: z.number().nullable().catch(null),
});

/** @returns undefined where no run is, which has a record or a summary */
async function rowOf(store: ObjectStore, resultPath: string, runId: string): Promise<RunRow | undefined> {
  const layout = runLayout(resultPath, runId);
  const textAt = async (key: string) => (await getIfThere(store, key))?.toString();
  const problems: string[] = [];
  const understood = <Known>(text: string | undefined, key: string, schema: z.ZodType, known: z.ZodType<Known>) => {
    if (text === undefined) return undefined;
    const name = basename(key);
    try {
      parseJsonAs(schema, text, name);
    } catch (error) {
      if (error instanceof NewerFormatError) problems.push(error.message);
      else if (!(error instanceof InvalidInputError)) throw error;
      else problems.push(...error.problems.map(({ path, allowed }) => `${name}, ${path}: expected ${allowed}`));
    }
    return known.safeParse(jsonOf(text)).data;
  };
  const [recordText, summaryText] = [await textAt(layout.run), await textAt(layout.summary)];
  if (recordText === undefined && summaryText === undefined) return undefined;
  const record = understood(recordText, layout.run, runRecordSchema, anyRecord);
  const summary = understood(summaryText, layout.summary, runSummarySchema, anySummary);
  return {
    run_id: runId,
    status: summary?.status ?? (summaryText === undefined ? NOT_SUMMARIZED : UNREADABLE),
    world_size: record?.run.world_size ?? summary?.world_size ?? null,
    batch_size: summary?.batch_size ?? null,
    samples: summary?.samples ?? null,
    wall_clock_seconds: summary?.wall_clock_seconds ?? null,
    ranks_with_result: (await ranksWithResult(store, layout.folder)).size,
    problem: problems[0] ?? null,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
