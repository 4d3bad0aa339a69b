import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  EVENT_LOG,
  EXECUTION_FILE,
  executionRecordSchema,
  parseEventLog,
  parseJsonAs,
  type ExecutionRecord,
} from '@cosmicai/payload';
import { fileStore, getIfThere, pathAt } from '@cosmicai/store';
import { z } from 'zod';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';
import { executionFolderOf } from './local-executions.ts';

const DEFINITION_FILE = 'definition.json';

/**
 * The execution that made a run: kept in the run's folder, or local and beside the results.
 *
 * @param cwd below which executions on this machine lie whose results don't
 */
export async function findExecution(place: RunPlace, cwd: string): Promise<ExecutionRecord | undefined> {
  return (await keptExecution(place)) ?? (await localExecution(place, cwd));
}

async function keptExecution(place: RunPlace): Promise<ExecutionRecord | undefined> {
  const key = `${layoutOf(place).folder}/${EXECUTION_FILE}`;
  const record = await getIfThere(openPlace(place), key);
  return record && parseJsonAs(executionRecordSchema, record.toString(), key);
}

async function localExecution(place: RunPlace, cwd: string): Promise<ExecutionRecord | undefined> {
  if (pathAt(place.bucket) === undefined) return undefined;
  const folder = await executionFolderOf(place, cwd);
  if (folder === undefined) return undefined;
  const log = join(folder, EVENT_LOG);
  const { events } = parseEventLog(await readFile(log), log);
  const definition = (await fileStore(folder).get(DEFINITION_FILE)).toString();
  return { events, definition: parseJsonAs(z.unknown(), definition, join(folder, DEFINITION_FILE)) };
}
