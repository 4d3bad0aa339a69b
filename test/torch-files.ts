import { buffer } from 'node:stream/consumers';
import { PickleWriter, torchFileStream, type DType, type TensorData } from '../packages/torchfile/src/index.ts';

/** A tensor of a file made for a test; by default all of its storage, in C order. */
export interface MadeTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides?: readonly number[];
  readonly offset?: number;
  /** Name of its storage; default: its position. */
  readonly storage?: string;
}

export type Wrapping = 'TensorDataset' | 'list' | 'dict';

/** Opcodes of protocol 2 by their names in Python's pickletools. */
const [MARK, EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, TUPLE, SETITEM, BUILD, EMPTY_LIST, APPENDS, SETITEMS] = [
  0x28, 0x29, 0x81, 0x7d, 0x74, 0x73, 0x62, 0x5d, 0x65, 0x75,
] as const;

/**
 * A file of torch.save around tensors of any shapes and layouts, sound or not.
 *
 * @param storages elements by name; default: see `tensors`
 */
export async function torchFile(
  tensors: readonly MadeTensor[],
  storages: Readonly<Record<string, TensorData>>,
  wrapping: Wrapping = 'TensorDataset',
): Promise<Buffer> {
  const pickle = new PickleWriter();
  const writeTensor = ({ dtype, shape, strides, offset = 0, storage }: MadeTensor, index: number): void => {
    const name = storage ?? String(index);
    const dense = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
    const elements = storages[name]?.length ?? 0;
    pickle.tensor({ dtype, shape, strides: strides ?? dense, offset, storage: name, elements });
  };
  if (wrapping === 'TensorDataset') {
    pickle.global('torch.utils.data.dataset', 'TensorDataset').opcode(EMPTY_TUPLE, NEWOBJ);
    pickle.opcode(EMPTY_DICT).text('tensors').opcode(MARK);
    tensors.forEach(writeTensor);
    pickle.opcode(TUPLE, SETITEM, BUILD);
  } else if (wrapping === 'list') {
    pickle.opcode(EMPTY_LIST, MARK);
    tensors.forEach(writeTensor);
    pickle.opcode(APPENDS);
  } else {
    pickle.opcode(EMPTY_DICT, MARK);
    for (const [index, tensor] of tensors.entries()) {
      pickle.text(`layer${index}.weight`);
      writeTensor(tensor, index);
    }
    pickle.opcode(SETITEMS);
  }
  const contents = Object.entries(storages).map(([name, data]) => {
    const content = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { name, size: content.byteLength, content: [content] };
  });
  return buffer(torchFileStream(pickle.finish(), contents));
}

/** Where an entry of a zip is described in its central directory. */
export function directoryEntry(bytes: Buffer, name: string): number {
  return bytes.lastIndexOf(Buffer.from('504b0102', 'hex'), bytes.lastIndexOf(name));
}

/** Where the data of an entry of a zip begin. */
export function dataOf(bytes: Buffer, name: string): number {
  const header = bytes.readUInt32LE(directoryEntry(bytes, name) + 42);
  return header + 30 + bytes.readUInt16LE(header + 26) + bytes.readUInt16LE(header + 28);
}

/** The same zip with other CRC-32 sums in its central directory. */
export function withSums(bytes: Buffer, change: (sum: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  const signature = Buffer.from('504b0102', 'hex');
  for (let at = copy.indexOf(signature); at >= 0; at = copy.indexOf(signature, at + 4)) {
    copy.writeUInt32LE(change(copy.readUInt32LE(at + 16)) >>> 0, at + 16);
  }
  return copy;
}
