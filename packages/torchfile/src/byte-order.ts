import type { ByteSource } from '@cosmicai/store';
import { MalformedTorchFileError } from './errors.ts';
import type { ByteOrder } from './tensor/bytes.ts';
import type { Checksums } from './zip/checksums.ts';
import { readContent } from './zip/content.ts';
import { localName, type ZipEntry } from './zip/directory.ts';

const LONGEST_BYTE_ORDER = 16;

/** Byte order of the elements. @throws MalformedTorchFileError when the file doesn't say it as torch does */
export async function readByteOrder(
  source: ByteSource,
  entries: ReadonlyMap<string, ZipEntry>,
  archive: string,
  checksums: Checksums,
): Promise<ByteOrder> {
  const entry = entries.get(`${archive}/byteorder`);
  // Older versions of torch did not write it; they only ever ran on little-endian machines in practice.
  if (entry === undefined) {
    await refuseLostName(source, entries);
    return 'little';
  }
  const limit = { name: 'byteorder', bytes: LONGEST_BYTE_ORDER };
  const { bytes, start } = await readContent(source, entry, limit, checksums);
  const text = Buffer.from(bytes).toString('latin1').trim();
  if (text === 'little' || text === 'big') return text;
  throw new MalformedTorchFileError(source.name, start, `byte order ${JSON.stringify(text)}; expected little or big`);
}

/** One flipped bit in the directory's name of `byteorder` must not turn every number of a file round. */
async function refuseLostName(source: ByteSource, entries: ReadonlyMap<string, ZipEntry>): Promise<void> {
  for (const entry of entries.values()) {
    if (entry.size > LONGEST_BYTE_ORDER) continue;
    const name = await localName(source, entry);
    if (name === entry.name) continue;
    throw new MalformedTorchFileError(
      source.name,
      entry.headerOffset,
      `damaged zip: its directory has an entry ${JSON.stringify(entry.name)} that calls itself ${JSON.stringify(name)}`,
    );
  }
}
