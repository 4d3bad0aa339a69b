import type { BigIntStats, Stats } from 'node:fs';
/** What something is that is neither a file nor a link. */
export function kindOf(stats: Stats | BigIntStats): 'a folder' | 'a named pipe' | 'a socket' | 'a device' {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
