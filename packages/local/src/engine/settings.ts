import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  defined,
  formatField,
  parseJsonAs,
  parseRunPayload,
  type RunPayload,
  UserInputError,
  withFormat,
} from '@cosmicai/payload';
import { z } from 'zod';
import type { FunctionPool } from '../pool/function-pool.ts';

/** How this machine runs the workflow. */
export interface LocalSettings {
  /** Memory of a rank, MiB. Default: that of the deployed function. */
  readonly memory?: number | undefined;
  /** Ranks at once; default: one per core. */
  readonly concurrency?: number | undefined;
  /** Where bare bucket names lie. */
  readonly store?: string | undefined;
  /** File of another state machine. */
  readonly definition?: string | undefined;
  /** File that says which function stands for which of its names. */
  readonly functions?: string | undefined;
  /** Processes to use again; their functions were configured when the pool was made. */
  readonly pool?: FunctionPool | undefined;
}

/** Memory of the deployed inference function (config/default.yml), so that a local run fails where the deployed one would. */
export const RANK_MEMORY_MIB = 3008;
/** No function can have more: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const MOST_RANK_MEMORY_MIB = 10_240;

const FILE = 'options.json';

const schema = z.object({
  model: z.string(),
  memory: z.number(),
  concurrency: z.number().exactOptional(),
  store: z.string().exactOptional(),
  definition: z.string().exactOptional(),
  functions: z.string().exactOptional(),
  format: formatField,
});

/** What an execution runs with beside its payload. Paths are absolute. */
export type KeptSettings = z.output<typeof schema>;

/** Keeps the settings in the execution's folder: another model or store half-way through would spoil the run. */
export function keepSettings(
  directory: string,
  model: string,
  { memory = RANK_MEMORY_MIB, concurrency, store, definition, functions }: LocalSettings,
  cwd: string,
): void {
  const kept: KeptSettings = {
    model,
    memory,
    ...defined({ concurrency, store }),
    ...(definition !== undefined && { definition: resolve(cwd, definition) }),
    ...(functions !== undefined && { functions: resolve(cwd, functions) }),
  };
  writeFileSync(join(directory, FILE), `${JSON.stringify(withFormat(kept), null, 2)}\n`);
}

/** The settings that an execution was started with; none where it was killed before it began. */
export function keptSettings(directory: string): Partial<KeptSettings> {
  const file = join(directory, FILE);
  if (!existsSync(file)) return {};
  return parseJsonAs(schema, readFileSync(file, 'utf8'), file);
}

const startSchema = z.object({ input: z.unknown() });

/** The payload of an execution's start, which an earlier version may have kept as its file had it. */
export async function startPayload(directory: string): Promise<RunPayload> {
  let start: z.output<typeof startSchema>;
  try {
    start = startSchema.parse(JSON.parse(await readFile(join(directory, 'run.json'), 'utf8')));
  } catch (error) {
    throw new UserInputError(`${directory} holds no execution to go on with.`, { cause: error });
  }
  return parseRunPayload(start.input, undefined, `payload in ${join(directory, 'run.json')}`).payload;
}
