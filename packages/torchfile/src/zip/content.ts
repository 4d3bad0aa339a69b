import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import type { ByteSource } from '@cosmicai/store';
import { readExactly } from '../read-exactly.ts';
import { MalformedTorchFileError, TorchFileLimitError } from '../errors.ts';
import type { Checksums } from './checksums.ts';
import { dataStart, type ZipEntry } from './directory.ts';

const inflate = promisify(inflateRaw);

/** A whole entry with the file offset its (stored) bytes begin at. */
export interface EntryContent {
  readonly bytes: Uint8Array;
  readonly start: number;
}

/**
 * Reads one entry whole, inflating it where needed, and checks its CRC-32.
 *
 * @param limit name and value of the limit on the entry's size after decompression
 */
export async function readContent(
  source: ByteSource,
  entry: ZipEntry,
  limit: { readonly name: string; readonly bytes: number },
  checksums: Checksums,
): Promise<EntryContent> {
  if (entry.size > limit.bytes || entry.compressedSize > limit.bytes) {
    const problem = `zip entry ${entry.name} has ${entry.size} bytes`;
    throw new TorchFileLimitError(source.name, entry.headerOffset, limit.name, limit.bytes, problem);
  }
  const start = await dataStart(source, entry);
  const stored = await readExactly(source, start, start + entry.compressedSize);
  const bytes = entry.method === 'stored' ? stored : await inflated(source, entry, start, stored);
  await checksums.check(entry, start, bytes);
  return { bytes, start };
}

async function inflated(source: ByteSource, entry: ZipEntry, start: number, stored: Uint8Array): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    // zlib stops as soon as the output is longer than declared, so a bomb costs no more than what it declares.
    bytes = await inflate(stored, { maxOutputLength: Math.max(1, entry.size) });
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new MalformedTorchFileError(source.name, start, `can't inflate zip entry ${entry.name}: ${reason}`, {
      cause,
    });
  }
  if (bytes.byteLength !== entry.size) {
    const problem = `zip entry ${entry.name} inflates to ${bytes.byteLength} bytes, its header says ${entry.size}`;
    throw new MalformedTorchFileError(source.name, start, problem);
  }
  return bytes;
}
