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
import { z } from 'zod';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';
import { recordWhereItLies } from '../plan/where-it-lies.ts';
import { provenFiles, type ProvenFiles } from '../proof/proven-files.ts';
import { quoteOfRun } from './kept-quote.ts';

/** What a run that came to its summary has in its folder, of which none grows with its galaxies. */
export interface RunFiles {
  readonly summary: RunSummary;
  readonly record: RunRecord;
  /** Of the ranks that succeeded, in their order. */
  readonly results: readonly RankResult[];
  readonly fmi: FmiReport | undefined;
  readonly quote: Quote | undefined;
  /** Where these are from, and others of the run. */
  readonly files: ProvenFiles;
}

/** @throws NotFoundError, InvalidInputError; UserInputError when the run's plan or what it left isn't what its proof says */
export async function readSummary(place: RunPlace): Promise<RunSummary> {
  const layout = layoutOf(place);
  const files = await provenFiles(openPlace(place), layout);
  await files.checkAll();
  return parseJsonAs(runSummarySchema, (await files.read(layout.summary)).toString(), layout.summary);
}

/**
 * @param checkAll also compare what isn't read here: the tasks and each rank's result
 * @throws NotFoundError, InvalidInputError; UserInputError when a file isn't what its proof says
 */
export async function readRunFiles(place: RunPlace, checkAll: boolean): Promise<RunFiles> {
  const store = openPlace(place);
  const layout = layoutOf(place);
  const files = await provenFiles(store, layout);
  if (checkAll) await files.checkAll();
  const read = async <Schema extends z.ZodType>(schema: Schema, key: string) =>
    parseJsonAs(schema, (await files.read(key)).toString(), key);
  const meeting = await files.find(layout.fmi);
  return {
    summary: await read(runSummarySchema, layout.summary),
    record: recordWhereItLies(await read(runRecordSchema, layout.run), place),
    results: await read(z.array(rankResultSchema), layout.combined),
    fmi: meeting && parseJsonAs(fmiReportSchema, meeting.toString(), layout.fmi),
    quote: await quoteOfRun(place),
    files,
  };
}
