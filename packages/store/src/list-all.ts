import { compareKeys } from './key.ts';
import type { ListOptions, ObjectInfo, ObjectStore, SkippedEntry } from './object-store.ts';

export interface Listing {
  readonly objects: readonly ObjectInfo[];
  readonly skipped: readonly SkippedEntry[];
}

/** A listing in memory, with what it left out, each in the order of the keys. */
export async function listAll(store: ObjectStore, prefix: string, options: ListOptions = {}): Promise<Listing> {
  const objects: ObjectInfo[] = [];
  const skipped: SkippedEntry[] = [];
  for await (const object of store.list(prefix, { ...options, onSkipped: (entry) => skipped.push(entry) }))
    objects.push(object);
  // They are told as their files are looked at, several at once.
  return { objects, skipped: skipped.sort((a, b) => compareKeys(a.key, b.key)) };
}
