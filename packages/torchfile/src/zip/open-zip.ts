import type { ByteSource } from '@cosmicai/store';
import { withBlockCache } from '../block-cache.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { Checksums, type PassingCheck } from './checksums.ts';
import { readContent } from './content.ts';
import { dataStart, readZipDirectory, type ZipEntry } from './directory.ts';

/** The entries of a zip that is no file of torch. */
export interface ZipFile {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** File offset of an entry's first byte, as it is stored. */
  start(entry: ZipEntry): Promise<number>;
  /** An entry whole, inflated and checked. @throws TorchFileLimitError when it has more bytes than that */
  content(entry: ZipEntry, mostBytes: number): Promise<Uint8Array>;
  /** False when the zip was written without CRC-32 sums. */
  readonly hasChecksums: boolean;
  /** Small parts of the file, read by blocks. */
  readonly cached: ByteSource;
  /** Begins to check stored entries that are read in pieces. */
  passingCheck(): PassingCheck;
}

/** @throws UnusableFileError when the zip is damaged */
export async function openZip(source: ByteSource, checkCrc: boolean): Promise<ZipFile> {
  const cached = withBlockCache(source);
  const entries = await readZipDirectory(cached, DEFAULT_LIMITS.maxEntries);
  const checksums = new Checksums(cached, entries.values(), checkCrc);
  return {
    entries,
    cached,
    hasChecksums: checksums.present,
    start: (entry) => dataStart(cached, entry),
    content: async (entry, mostBytes) =>
      (await readContent(source, entry, { name: 'of what is inflated', bytes: mostBytes }, checksums)).bytes,
    passingCheck: () => checksums.passing(),
  };
}
