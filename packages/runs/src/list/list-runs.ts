import { InvalidInputError, NewerFormatError, parseJsonAs, runRecordSchema, runSummarySchema } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';
import { z } from 'zod';

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
  const folder = `${resultPath}/runs/`;
  const files = new Map<string, Set<string>>();
  for await (const { key } of store.list(only === undefined ? folder : `${folder}${only}/`)) {
    const [runId, ...rest] = key.slice(folder.length).split('/');
    if (runId === undefined) continue;
    files.set(runId, (files.get(runId) ?? new Set()).add(rest.join('/')));
  }
  const rows: RunRow[] = [];
  for (const [runId, names] of [...files].sort()) {
    if (names.has('run.json') || names.has('summary.json')) rows.push(await rowOf(store, folder, runId, names));
  }
  return rows;
}

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

async function rowOf(store: ObjectStore, folder: string, runId: string, names: ReadonlySet<string>): Promise<RunRow> {
  const problems: string[] = [];
  const read = async <Known>(name: string, schema: z.ZodType, known: z.ZodType<Known>): Promise<Known | undefined> => {
    if (!names.has(name)) return undefined;
    const text = (await store.get(`${folder}${runId}/${name}`)).toString();
    try {
      parseJsonAs(schema, text, name);
    } catch (error) {
      if (error instanceof NewerFormatError) problems.push(error.message);
      else if (!(error instanceof InvalidInputError)) throw error;
      else problems.push(...error.problems.map(({ path, allowed }) => `${name}, ${path}: expected ${allowed}`));
    }
    return known.safeParse(jsonOf(text)).data;
  };
  const record = await read('run.json', runRecordSchema, anyRecord);
  const summary = await read('summary.json', runSummarySchema, anySummary);
  return {
    run_id: runId,
    status: summary?.status ?? (names.has('summary.json') ? UNREADABLE : NOT_SUMMARIZED),
    world_size: record?.run.world_size ?? summary?.world_size ?? null,
    batch_size: summary?.batch_size ?? null,
    samples: summary?.samples ?? null,
    wall_clock_seconds: summary?.wall_clock_seconds ?? null,
    ranks_with_result: [...names].filter((name) => /^\d+\.json$/.test(name)).length,
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
