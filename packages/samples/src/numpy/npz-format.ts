import { constants, inflateRawSync } from 'node:zlib';
import { UnusableFileError } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import {
  fittingColumns,
  isNumpyZip,
  openZip,
  readExactly,
  type SavedArray,
  type ValueColumn,
  type ZipEntry,
  type ZipFile,
} from '@cosmicai/torchfile';
import type { OpenSamplesOptions, SampleFormat } from '../format.ts';
import type { SampleSource } from '../source.ts';
import { tableSource } from '../table-source.ts';
import { npyColumn, type ReadBytes } from './npy-column.ts';
import { LONGEST_HEADER, parseNpyHeader, type NpyHeader } from './npy-header.ts';

/** `numpy.savez(file, image=…, redshift=…)`: arrays by name. */
export const npz: SampleFormat = {
  name: 'npz',
  signature: 'a zip of arrays of NumPy, which begins with 504b0304 and the name of an array',
  begins: isNumpyZip,
  open: openNpz,
};

/** Compressed arrays can't be read by ranges: those of up to this together are held in memory. */
export const MOST_INFLATED = 512 * 1024 * 1024;
/** Of a compressed array, to read its header: 64 KiB at most are inflated. */
const HEAD_BYTES = 4096;
const UNNAMED = /^arr_\d+$/;

async function openNpz(file: ByteSource, { checkCrc = true }: OpenSamplesOptions): Promise<SampleSource> {
  const zip = await openZip(file, checkCrc);
  const found = [...zip.entries.values()].filter(({ name }) => name.endsWith('.npy'));
  let inflated = 0;
  const arrays = await Promise.all(
    found.map(async (entry): Promise<SavedArray> => {
      const name = entry.name.slice(0, -'.npy'.length);
      const header = parseNpyHeader(file.name, name, await headOf(file, zip, entry));
      return { name, shape: header.shape, open: () => open(name, entry, header) };
    }),
  );

  function open(
    name: string,
    entry: ZipEntry,
    header: NpyHeader,
  ): Promise<ValueColumn | string> | ValueColumn | string {
    const { type, shape, length } = header;
    const size = typeof type === 'string' ? 0 : shape.reduce((product, axis) => product * axis, 1) * type.bytes;
    if (typeof type !== 'string' && length + size !== entry.size) {
      const problem = `the header of ${name} asks for ${length + size} bytes, and it has ${entry.size}: it is damaged`;
      throw new UnusableFileError(file.name, undefined, problem);
    }
    if (entry.method === 'stored') return openStored(name, entry, header);
    inflated += entry.size;
    if (inflated > MOST_INFLATED) {
      const most = `${MOST_INFLATED / 2 ** 20} MiB of compressed arrays`;
      return `is compressed, and at most ${most} are read; save it with numpy.savez, which doesn’t compress`;
    }
    return npyColumn(file.name, name, header, inflatedBytes(zip, entry));
  }

  async function openStored(name: string, entry: ZipEntry, header: NpyHeader): Promise<ValueColumn | string> {
    const start = await zip.start(entry);
    return npyColumn(file.name, name, header, async (from, to, options) => {
      const bytes = await readExactly(file, start + from, start + to, options);
      options.check?.saw(entry, from, bytes);
      return bytes;
    });
  }

  const named = !arrays.every(({ name }) => UNNAMED.test(name));
  return tableSource({
    ...(await fittingColumns(file.name, arrays, named)),
    name: file.name,
    named,
    passingCheck: () => zip.passingCheck(),
    whyUnchecked(entries) {
      if (!checkCrc) return undefined;
      if (!zip.hasChecksums) return 'it was written without CRC-32 sums';
      if (entries.length === 0) return undefined;
      return `of ${entries.join(', ')} most bytes were not read, so the CRC-32 was not checked`;
    },
  });
}

/** The first bytes of an array, its header among them. */
async function headOf(file: ByteSource, zip: ZipFile, entry: ZipEntry): Promise<Uint8Array> {
  const start = await zip.start(entry);
  if (entry.method === 'stored') {
    const first = await readExactly(zip.cached, start, start + Math.min(HEAD_BYTES, entry.size));
    const { length } = sizeOfHeader(first);
    if (length <= first.byteLength) return first;
    return await readExactly(zip.cached, start, start + Math.min(LONGEST_HEADER, entry.size));
  }
  const bytes = await readExactly(zip.cached, start, start + Math.min(HEAD_BYTES, entry.compressedSize));
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1024 * HEAD_BYTES + LONGEST_HEADER };
    return new Uint8Array(inflateRawSync(bytes, options)).subarray(0, LONGEST_HEADER);
  } catch (cause) {
    const problem = `can’t inflate zip entry ${entry.name}: ${(cause as Error).message}`;
    throw new UnusableFileError(file.name, start, problem, { cause });
  }
}

/** Bytes of the header that an array says it has. */
function sizeOfHeader(head: Uint8Array): { readonly length: number } {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.byteLength < 12) return { length: 0 };
  return { length: view.getUint8(6) === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true) };
}

/** Inflated when it is first needed. */
function inflatedBytes(zip: ZipFile, entry: ZipEntry): ReadBytes {
  let all: Promise<Uint8Array> | undefined;
  return async (from, to) => (await (all ??= zip.content(entry, MOST_INFLATED))).subarray(from, to);
}
