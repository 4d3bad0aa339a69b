import { open, stat, type FileHandle } from 'node:fs/promises';
import { constants, type BigIntStats } from 'node:fs';
import type { ObjectInfo, ReadOptions } from '../object-store.ts';
import { hasCode } from './file-errors.ts';
import type { KeyPaths } from './key-paths.ts';

/** read(2) takes at most 2^31 - 1 bytes at once. */
const LONGEST_READ = 1 << 30;

/** A named pipe is opened at once too, to be found no file, and not when somebody writes to it. Windows knows none. */
const READ_AT_ONCE = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0);

/** Opens the object's file; undefined when there is none. Whoever holds it reads that content to the end, whatever is put. */
export async function openFile(paths: KeyPaths): Promise<{ file: FileHandle; stats: BigIntStats } | undefined> {
  for (const path of [paths.path, paths.beside]) {
    const file = await unlessMissing(open(path, READ_AT_ONCE));
    if (file === undefined) continue;
    const stats = await file.stat({ bigint: true });
    if (stats.isFile()) return { file, stats };
    await file.close();
  }
  return undefined;
}

export async function statFile(paths: KeyPaths): Promise<BigIntStats | undefined> {
  for (const path of [paths.path, paths.beside]) {
    const stats = await unlessMissing(stat(path, { bigint: true }));
    if (stats?.isFile()) return stats;
  }
  return undefined;
}

/** Bytes [start, end) of an open file; fewer when it ends before. */
export async function readBytes(
  file: FileHandle,
  start: number,
  end: number,
  { signal }: ReadOptions,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  let filled = 0;
  while (filled < bytes.length) {
    signal?.throwIfAborted();
    const length = Math.min(bytes.length - filled, LONGEST_READ);
    const { bytesRead } = await file.read(bytes, filled, length, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/**
 * The etag is made of modification time, size and inode: it costs no reading, and every put makes a new file with a time
 * of its own, so it changes with the content. An edit in place changes time or size.
 */
export function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  return {
    key,
    size: Number(stats.size),
    etag: `${stats.mtimeNs.toString(36)}-${stats.size.toString(36)}-${stats.ino.toString(36)}`,
    lastModified: stats.mtime,
  };
}

/** Size and time beside device and inode, for file systems that make up their inodes. */
export function identityOf({ dev, ino, size, mtimeNs }: BigIntStats): Pick<ObjectInfo, 'identity'> {
  return ino === 0n ? {} : { identity: [dev, ino, size, mtimeNs].join(':') };
}

async function unlessMissing<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO')) return undefined;
    throw error;
  }
}
