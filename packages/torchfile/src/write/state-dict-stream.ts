import { Opcode } from '../pickle/opcodes.ts';
import { littleEndianBytes } from '../tensor/bytes.ts';
import type { TensorData } from '../tensor/dtype.ts';
import { contiguousStrides, countOf } from '../tensor/layout.ts';
import { PickleWriter, type TensorInput } from './pickle-writer.ts';
import { torchFileStream } from './torch-file-stream.ts';

/** What `stateDictStream` can write: plain values, lists, dicts and tensors, nested as one likes. */
export type TorchValue =
  | null
  | boolean
  | number
  | string
  | TensorInput
  | readonly TorchValue[]
  | ReadonlyMap<string, TorchValue>
  | { readonly [key: string]: TorchValue };

/**
 * Bytes of a torch file with any nesting of dicts, lists and tensors, e.g. a state dict or a checkpoint around one.
 * torch.load reads it, with weights_only=True too. Whole numbers become int, others float.
 *
 * @throws RangeError when a tensor's data don't fit its shape
 */
export function stateDictStream(root: TorchValue): AsyncGenerator<Uint8Array, void, undefined> {
  const pickle = new PickleWriter();
  const storages = new Map<TensorData, string>();
  writeValue(pickle, storages, root);
  const inputs = Array.from(storages, ([data, name]) => {
    const bytes = littleEndianBytes(data);
    return { name, size: bytes.byteLength, content: [bytes] };
  });
  return torchFileStream(pickle.finish(), inputs);
}

function writeValue(pickle: PickleWriter, storages: Map<TensorData, string>, value: TorchValue): void {
  if (value === null) pickle.opcode(Opcode.NONE);
  else if (typeof value === 'boolean') pickle.opcode(value ? Opcode.NEWTRUE : Opcode.NEWFALSE);
  else if (typeof value === 'number') pickle.number(value);
  else if (typeof value === 'string') pickle.text(value);
  else if (isTensor(value)) writeTensor(pickle, storages, value);
  else if (isList(value)) {
    pickle.opcode(Opcode.EMPTY_LIST, Opcode.MARK);
    for (const item of value) writeValue(pickle, storages, item);
    pickle.opcode(Opcode.APPENDS);
  } else {
    pickle.opcode(Opcode.EMPTY_DICT, Opcode.MARK);
    for (const [key, item] of isMap(value) ? value : Object.entries(value)) {
      pickle.text(key);
      writeValue(pickle, storages, item);
    }
    pickle.opcode(Opcode.SETITEMS);
  }
}

function writeTensor(
  pickle: PickleWriter,
  storages: Map<TensorData, string>,
  { dtype, shape, data }: TensorInput,
): void {
  if (countOf(shape) !== data.length) {
    throw new RangeError(`a tensor of shape [${shape.join(', ')}] with ${data.length} elements`);
  }
  const storage = storages.get(data) ?? String(storages.size);
  storages.set(data, storage);
  pickle.tensor({ dtype, shape, strides: contiguousStrides(shape), storage, elements: data.length });
}

function isTensor(value: object): value is TensorInput {
  return 'dtype' in value && 'data' in value && ArrayBuffer.isView(value.data);
}

function isList(value: object): value is readonly TorchValue[] {
  return Array.isArray(value);
}

function isMap(value: object): value is ReadonlyMap<string, TorchValue> {
  return value instanceof Map;
}
