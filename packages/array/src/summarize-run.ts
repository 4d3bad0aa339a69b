import { parseAs, parseJsonAs, runSummarySchema, type RunSummary } from '@cosmicai/payload';
import { layoutOf, openPlace, readRecord, recordWhereItLies, type RunPlace } from '@cosmicai/runs';
import { z } from 'zod';
import type { Functions } from './functions.ts';

export interface SummarizedRun {
  readonly summary: RunSummary;
  /** Null: the run succeeded. */
  readonly error: string | null;
  readonly cause: string | null;
}

const answered = z.object({ error_name: z.string().nullable(), cause: z.string().nullable() });

/**
 * Combines the ranks of a run that are done, and publishes it when it has succeeded, as the last state of the state machine does. May be
 * called again whenever more ranks are done.
 *
 * @throws NotFoundError when there is no such run; UserInputError when its plan isn't what was planned
 */
export async function summarizeRun(place: RunPlace, functions: Functions, signal: AbortSignal): Promise<SummarizedRun> {
  const store = openPlace(place);
  const layout = layoutOf(place);
  const { run } = recordWhereItLies(await readRecord(store, layout), place);
  const { error_name: error, cause } = parseAs(
    answered,
    await functions.call('summarize', { run }, signal),
    'answer of Summarize',
  );
  const summary = parseJsonAs(runSummarySchema, (await store.get(layout.summary)).toString(), layout.summary);
  return { summary, error, cause };
}
