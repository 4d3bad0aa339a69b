import {
  fmiReportSchema,
  parseJsonAs,
  rankResultSchema,
  runRecordSchema,
  runSummarySchema,
  type FmiReport,
  type RankResult,
  type RunRecord,
  type RunSummary,
} from '@cosmicai/payload';
import type { Quote } from '@cosmicai/quote';
import { getIfThere, type ObjectStore } from '@cosmicai/store';
import { z } from 'zod';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';
import { quoteOfRun } from './kept-quote.ts';

/** What a run that came to its summary has in its folder, of which none grows with its galaxies. */
export interface RunFiles {
  readonly summary: RunSummary;
  readonly record: RunRecord;
  /** Of the ranks that succeeded, in their order. */
  readonly results: readonly RankResult[];
  readonly fmi: FmiReport | undefined;
  readonly quote: Quote | undefined;
}

/** @throws NotFoundError, InvalidInputError */
export async function readSummary(place: RunPlace): Promise<RunSummary> {
  return await readFile(openPlace(place), runSummarySchema, layoutOf(place).summary);
}

/** @throws NotFoundError, InvalidInputError */
export async function readRunFiles(place: RunPlace): Promise<RunFiles> {
  const store = openPlace(place);
  const layout = layoutOf(place);
  const meeting = await getIfThere(store, layout.fmi);
  return {
    summary: await readSummary(place),
    record: await readFile(store, runRecordSchema, layout.run),
    results: await readFile(store, z.array(rankResultSchema), layout.combined),
    fmi: meeting && parseJsonAs(fmiReportSchema, meeting.toString(), layout.fmi),
    quote: await quoteOfRun(place),
  };
}

async function readFile<Schema extends z.ZodType>(
  store: ObjectStore,
  schema: Schema,
  key: string,
): Promise<z.output<Schema>> {
  return parseJsonAs(schema, (await store.get(key)).toString(), key);
}
