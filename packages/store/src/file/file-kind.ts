import type { BigIntStats, Stats } from 'node:fs';
import type { SkippedEntry } from '../object-store.ts';

/** What something is that is neither a file nor a link. */
export function kindOf(stats: Stats | BigIntStats): Exclude<SkippedEntry['why'], 'not readable'> {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
