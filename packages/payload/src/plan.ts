import { InvalidInputError, UserInputError, type Problem } from './errors.ts';
import { valueOf } from './known.ts';
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
  return planFiles(payload, available, (key) => key, notes);
}

/** Sorted, as a list of its own unless it is sorted already: the keys of a bucket mostly are. */
function inNaturalOrder<File>(files: readonly File[], keyOf: (file: File) => string): readonly File[] {
  let before: string | undefined;
  const isSorted = files.every((file) => {
    const key = keyOf(file);
    const follows = before === undefined || compareNaturally(before, key) <= 0;
    before = key;
    return follows;
  });
  return isSorted ? files : [...files].sort((a, b) => compareNaturally(keyOf(a), keyOf(b)));
}

/** As planRanks, of files that are known by something else than their keys: what holds a million must not hold them twice. */
export function planFiles<File>(
  payload: RunPayload,
  available: readonly File[],
  keyOf: (file: File) => string,
  notes: readonly string[] = [],
): readonly (readonly File[])[] {
  const named = namedFiles(payload, available, keyOf);
  const others = named.owned.size === 0 ? available : available.filter((file) => !named.owned.has(keyOf(file)));
  const free = inNaturalOrder(others, keyOf).slice(0, payload.file_limit);
  if (free.length === 0 && named.owned.size === 0) {
    throw new UserInputError(
      `No partition files (*.pt) under "${payload.data_prefix}/" of ${payload.data_bucket}. Check data_bucket, data_prefix and data_size in the payload.${notes.map((note) => ` Note: ${note}.`).join('')}`,
    );
  }
  const worldSize = worldSizeOf(payload, named.byRank, free.length);
  const assigned = Array.from({ length: worldSize }, (_, rank) => named.byRank.get(rank) ?? null);
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

interface NamedFiles<File> {
  /** What `data_map` says; null: a share of the rest. */
  readonly byRank: ReadonlyMap<number, readonly File[] | null>;
  /** Keys that it names. */
  readonly owned: ReadonlySet<string>;
}

function namedFiles<File>(
  payload: RunPayload,
  available: readonly File[],
  keyOf: (file: File) => string,
): NamedFiles<File> {
  const entries = Object.entries(payload.data_map ?? {}).map(
    ([rank, entry]) => [Number(rank), entry === null ? null : [entry].flat()] as const,
  );
  const wanted = new Set(
    entries.flatMap(([, keys]) => (keys ?? []).flatMap((key) => [key, underPrefix(payload.data_prefix, key)])),
  );
  const existing = new Map(
    wanted.size === 0 ? [] : available.filter((file) => wanted.has(keyOf(file))).map((file) => [keyOf(file), file]),
  );
  const fullKey = (key: string) => (existing.has(key) ? key : underPrefix(payload.data_prefix, key));
  const dataMap = new Map(entries.map(([rank, keys]) => [rank, keys?.map(fullKey) ?? null]));
  const owned = checkDataMap(payload, dataMap, existing);
  const byRank = new Map(
    [...dataMap].map(([rank, keys]) => [rank, keys?.map((key) => valueOf(existing, key)) ?? null]),
  );
  return { byRank, owned };
}

/** The files that `data_map` assigns by name. */
function checkDataMap(
  payload: RunPayload,
  dataMap: ReadonlyMap<number, readonly string[] | null>,
  existing: ReadonlyMap<string, unknown>,
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
