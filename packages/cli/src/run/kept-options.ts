import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatField, parseJsonAs, withFormat } from '@cosmicai/payload';
import { z } from 'zod';

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
export type KeptOptions = z.output<typeof schema>;

/** Keeps the options in the execution's folder: another model or store half-way through would spoil the run. */
export function keepOptions(directory: string, options: KeptOptions): void {
  writeFileSync(join(directory, FILE), `${JSON.stringify(withFormat(options), null, 2)}\n`);
}

/** The options that an execution was started with; none where it was killed before it began. */
export function keptOptions(directory: string): Partial<KeptOptions> {
  const file = join(directory, FILE);
  if (!existsSync(file)) return {};
  return parseJsonAs(schema, readFileSync(file, 'utf8'), file);
}
