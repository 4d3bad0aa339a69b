import { endianness } from 'node:os';
import { DTYPES, type DType, type TensorData } from './dtype.ts';

export type ByteOrder = 'little' | 'big';

const HERE: ByteOrder = endianness() === 'LE' ? 'little' : 'big';

/**
 * Bytes of a storage as elements: a view where alignment and byte order allow it, else a copy.
 *
 * @param bytes a whole number of elements
 */
export function elementsOf(bytes: Uint8Array, dtype: DType, order: ByteOrder): TensorData {
  const { itemBytes, array } = DTYPES[dtype];
  const swap = itemBytes > 1 && order !== HERE;
  const source = swap || bytes.byteOffset % itemBytes !== 0 ? Uint8Array.from(bytes) : bytes;
  if (swap) swapInPlace(source, itemBytes);
  return new array(source.buffer, source.byteOffset, source.byteLength / itemBytes);
}

/** Elements as the bytes of a little-endian file; a view on little-endian machines. */
export function littleEndianBytes(data: TensorData): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (HERE === 'little' || data.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = Uint8Array.from(bytes);
  swapInPlace(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

function swapInPlace(bytes: Uint8Array, itemBytes: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (itemBytes === 2) buffer.swap16();
  else if (itemBytes === 4) buffer.swap32();
  else buffer.swap64();
}
