import yauzl from 'yauzl';
import type { ByteSource } from '@cosmicai/store';
import { readExactly } from '../read-exactly.ts';
import { MalformedTorchFileError, TorchFileError, TorchFileLimitError, UnsupportedTorchFileError } from '../errors.ts';
import { SourceReader } from './source-reader.ts';

const ENCRYPTED = 0x1;
const METHODS = new Map<number, ZipEntry['method']>([
  [0, 'stored'],
  [8, 'deflated'],
]);
/** Fixed part of a local file header; name and extra field follow. */
const LOCAL_HEADER_BYTES = 30;

/** One file of the archive, as its central directory describes it. */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  readonly compressedSize: number;
  readonly size: number;
  /** Of the data after inflating; 0 in every entry when the writer did not compute it. */
  readonly crc32: number;
  readonly headerOffset: number;
  /** The data ends here at the latest: the next entry's header or the end of the file. */
  readonly endLimit: number;
}

/**
 * Reads the central directory of a zip: no data, at most `maxEntries` headers.
 *
 * @throws MalformedTorchFileError on a damaged directory, doubled names or overlapping entries (a zip bomb)
 */
export async function readZipDirectory(source: ByteSource, maxEntries: number): Promise<Map<string, ZipEntry>> {
  const reader = new SourceReader(source);
  try {
    return inOrder(source, await Promise.race([walk(source, reader, maxEntries), reader.thrown]));
  } catch (error) {
    if (reader.sourceFailure !== undefined) throw reader.sourceFailure.error;
    throw asTorchFileError(source, reader.lastPosition, error);
  }
}

async function walk(source: ByteSource, reader: SourceReader, maxEntries: number): Promise<yauzl.Entry[]> {
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, source.size, { lazyEntries: true, autoClose: false });
  if (zip.entryCount > maxEntries) {
    const problem = `the zip claims ${zip.entryCount} entries`;
    throw new TorchFileLimitError(source.name, reader.lastPosition, 'maxEntries', maxEntries, problem);
  }
  const found: yauzl.Entry[] = [];
  for await (const entry of zip.eachEntry()) found.push(entry);
  return found;
}

function inOrder(source: ByteSource, found: readonly yauzl.Entry[]): Map<string, ZipEntry> {
  const sorted = found.toSorted((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  const entries = new Map<string, ZipEntry>();
  for (const [index, entry] of sorted.entries()) {
    const headerOffset = entry.relativeOffsetOfLocalHeader;
    const method = METHODS.get(entry.compressionMethod);
    if (method === undefined || (entry.generalPurposeBitFlag & ENCRYPTED) !== 0) {
      throw new UnsupportedTorchFileError(
        source.name,
        headerOffset,
        `zip entry ${entry.fileName} is encrypted or compressed with method ${entry.compressionMethod}; ` +
          'only stored and deflated entries are read. Write the file again without that',
      );
    }
    if (entries.has(entry.fileName)) {
      throw new MalformedTorchFileError(source.name, headerOffset, `zip entry ${entry.fileName} occurs twice`);
    }
    const endLimit = sorted[index + 1]?.relativeOffsetOfLocalHeader ?? source.size;
    if (headerOffset + LOCAL_HEADER_BYTES + entry.fileNameLength + entry.compressedSize > endLimit) {
      throw new MalformedTorchFileError(
        source.name,
        headerOffset,
        `zip entry ${entry.fileName} runs into the next entry or over the end of the file`,
      );
    }
    entries.set(entry.fileName, {
      name: entry.fileName,
      method,
      compressedSize: entry.compressedSize,
      size: entry.uncompressedSize,
      crc32: entry.crc32,
      headerOffset,
      endLimit,
    });
  }
  return entries;
}

const LOCAL_SIGNATURE = 0x04034b50;

/** File offset of the first data byte of an entry: only its local header knows how long its padding is. */
export async function dataStart(source: ByteSource, entry: ZipEntry): Promise<number> {
  const bytes = await readExactly(source, entry.headerOffset, entry.headerOffset + LOCAL_HEADER_BYTES);
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.getUint32(0, true) !== LOCAL_SIGNATURE) {
    throw new MalformedTorchFileError(source.name, entry.headerOffset, `no local header of zip entry ${entry.name}`);
  }
  const start = entry.headerOffset + LOCAL_HEADER_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  if (start + entry.compressedSize > entry.endLimit) {
    throw new MalformedTorchFileError(source.name, start, `the data of zip entry ${entry.name} overlap the next entry`);
  }
  return start;
}

/** The name of an entry in its own header; the directory's is what readers go by. */
export async function localName(source: ByteSource, entry: ZipEntry): Promise<string> {
  const start = entry.headerOffset + LOCAL_HEADER_BYTES;
  return Buffer.from(await readExactly(source, start, start + Buffer.byteLength(entry.name))).toString();
}

function asTorchFileError(source: ByteSource, offset: number, error: unknown): Error {
  if (error instanceof TorchFileError) return error;
  const reason = (error as Error).message;
  return new MalformedTorchFileError(source.name, offset, `damaged zip: ${reason}`, { cause: error });
}
