import type { ByteSource, ReadOptions } from '@cosmicai/store';
import { FitsFileError } from '../errors.ts';

/**
 * Bytes [start, end) of a file.
 *
 * @param what names them in the refusal of a file that ends before: `the data of HDU 1`
 */
export async function readExactly(
  file: ByteSource,
  start: number,
  end: number,
  what: string,
  options: ReadOptions = {},
): Promise<Uint8Array> {
  options.signal?.throwIfAborted();
  if (end > file.size) throw truncated(file, what, end);
  if (start === end) return new Uint8Array(0);
  const bytes = await file.read(start, end, options);
  if (bytes.byteLength === end - start) return bytes;
  throw new FitsFileError(file.name, start, `${what} was cut short while it was read: the file changed`);
}

export function truncated(file: Pick<ByteSource, 'name' | 'size'>, what: string, end: number): FitsFileError {
  return new FitsFileError(
    file.name,
    file.size,
    `${what} ends at byte ${end}, and the file has ${file.size}: it is truncated or damaged; copy it again`,
  );
}
