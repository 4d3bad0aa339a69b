import { InvalidInputError, UserInputError, type Problem } from './errors.ts';
import { MAX_CONCURRENCY, type RunPayload } from './run-payload.ts';

/** Which partition files each rank reads: `plan[rank]`, empty for a rank without data. */
export type RankPlan = readonly (readonly string[])[];

const byNumberInText = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' });

/** Sorts keys the way people count: `2.pt` before `10.pt`. Equal by number (`1.pt`, `01.pt`) falls back to plain text order. */
export function naturalOrder(keys: Iterable<string>): string[] {
  return [...keys].sort(compareNaturally);
}

export function compareNaturally(a: string, b: string): number {
  return byNumberInText.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Assigns partition files to ranks.
 *
 * Rank r takes ceil(files left / ranks left) consecutive files in natural order, so early ranks take the longer shares
 * and ranks beyond the number of files get none. Entries of `data_map` that name files are kept as they are; only its
 * null slots share the rest.
 *
 * @param available keys of the partition files that exist, in any order
 * @param notes what is there besides, for the error that there is nothing to read
 * @throws UserInputError when there is nothing to read, InvalidInputError when `data_map` names files that don't exist
 */
export function planRanks(payload: RunPayload, available: readonly string[], notes: readonly string[] = []): RankPlan {
  const existing = new Set(available);
  const fullKey = (key: string) => (existing.has(key) ? key : underPrefix(payload.data_prefix, key));
  const dataMap = new Map(
    Object.entries(payload.data_map ?? {}).map(([rank, entry]) => [
      Number(rank),
      entry === null ? null : [entry].flat().map(fullKey),
    ]),
  );
  const fixed = checkDataMap(payload, dataMap, existing);
  const free = naturalOrder(available.filter((key) => !fixed.has(key))).slice(0, payload.file_limit);
  if (free.length === 0 && fixed.size === 0) {
    throw new UserInputError(
      `No partition files (*.pt) under "${payload.data_prefix}/" of ${payload.data_bucket}. Check data_bucket, data_prefix and data_size in the payload.${notes.map((note) => ` Note: ${note}.`).join('')}`,
    );
  }
  const worldSize = worldSizeOf(payload, dataMap, free.length);
  const assigned = Array.from({ length: worldSize }, (_, rank) => dataMap.get(rank) ?? null);
  let slots = assigned.filter((files) => files === null).length;
  let next = 0;
  return assigned.map((files) => {
    if (files !== null) return files;
    const first = next;
    next += Math.ceil((free.length - first) / slots--);
    return free.slice(first, next);
  });
}

/** `data_map` may name files by their whole key or relative to `data_prefix`. */
function underPrefix(prefix: string, key: string): string {
  return prefix === '' ? key : `${prefix}/${key}`;
}

function worldSizeOf(payload: RunPayload, dataMap: ReadonlyMap<number, unknown>, files: number): number {
  if (payload.world_size !== undefined) return payload.world_size;
  if (dataMap.size > 0) return Math.max(...dataMap.keys()) + 1;
  // More ranks than can run at once only cost more, so they are for those who ask for them.
  return Math.min(files, MAX_CONCURRENCY);
}

/** The files that `data_map` assigns by name. */
function checkDataMap(
  payload: RunPayload,
  dataMap: ReadonlyMap<number, readonly string[] | null>,
  existing: ReadonlySet<string>,
): ReadonlySet<string> {
  const owners = new Map<string, number>();
  const problems: Problem[] = [];
  for (const [rank, keys] of dataMap) {
    for (const key of keys ?? []) {
      const owner = owners.get(key);
      if (!existing.has(key)) {
        problems.push({
          path: `data_map.${rank}`,
          found: `"${key}"`,
          allowed: `a partition file that exists under "${payload.data_prefix}/" of ${payload.data_bucket}`,
        });
      } else if (owner !== undefined) {
        problems.push({
          path: `data_map.${rank}`,
          found: `"${key}"`,
          allowed: `a file that no other rank has (rank ${owner} has it)`,
        });
      }
      owners.set(key, rank);
    }
  }
  if (problems.length > 0) throw new InvalidInputError('payload', problems);
  return new Set(owners.keys());
}
