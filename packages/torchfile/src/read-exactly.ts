import type { ByteReadOptions, ByteSource } from '@cosmicai/store';
import { MalformedTorchFileError } from './errors.ts';

/** Reads exactly [start, end). A range that leaves the file, or an answer that is too short, is a typed error. */
export async function readExactly(
  source: ByteSource,
  start: number,
  end: number,
  options?: ByteReadOptions,
): Promise<Uint8Array> {
  options?.signal?.throwIfAborted();
  if (!(start >= 0 && end >= start && end <= source.size)) {
    throw new MalformedTorchFileError(
      source.name,
      start,
      `needs bytes ${start} to ${end}, but the file has ${source.size}: it is truncated or damaged`,
    );
  }
  if (start === end) return new Uint8Array(0);
  const bytes = await source.read(start, end, options);
  if (bytes.byteLength !== end - start) {
    throw new MalformedTorchFileError(
      source.name,
      start,
      `asked for ${end - start} bytes and got ${bytes.byteLength}: the file changed while it was read`,
    );
  }
  return bytes;
}
