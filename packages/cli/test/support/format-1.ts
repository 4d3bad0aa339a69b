import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Keys that files of format 1 didn't have. */
const LATER = new Set([
  'format',
  'cpu_seconds',
  'flagged',
  'prediction_scores_unflagged',
  'not_checked',
  'store_requests',
  'reduction_file',
  'planned_files',
  'seal',
]);

/** Files that there were none of. */
const LATER_FILES = /(\.bin|^proof\.json)$/;
/** The plan has no later keys, and ranks find their tasks in it by where they lie. */
const PLAN = /^(manifest|items)\.json$/;

/**
 * Writes the files of a folder as the version before did, which told no format. Of ranks' results, time is then processor time,
 * as it was, and there are no warnings. Parquet files stay: what they tell beside their columns was not there, but nobody reads it from them.
 */
export function writeAsFormat1(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || PLAN.test(entry.name)) continue;
    if (LATER_FILES.test(entry.name)) {
      rmSync(file);
      continue;
    }
    const text = readFileSync(file, 'utf8');
    if (entry.name.endsWith('.json')) writeFileSync(file, JSON.stringify(aged(JSON.parse(text)), null, 1));
    if (entry.name.endsWith('.jsonl'))
      writeFileSync(
        file,
        text.replace(/[^\n]+/g, (line) => asLine(JSON.parse(line))),
      );
  }
}

function asLine(value: unknown): string {
  return JSON.stringify(aged(value));
}

function aged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(aged);
  if (typeof value !== 'object' || value === null) return value;
  const { cpu_seconds: processor } = value as { readonly cpu_seconds?: number };
  const kept = Object.entries(value)
    .filter(([key]) => !LATER.has(key) && !(key === 'warnings' && processor !== undefined))
    .map(([key, inner]) => [key, aged(inner)] as const);
  return {
    ...Object.fromEntries(kept),
    ...(processor !== undefined && { 'total_cpu_time (seconds)': processor }),
  };
}
