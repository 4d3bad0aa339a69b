import { Opcode } from '../pickle/opcodes.ts';
import { littleEndianBytes } from '../tensor/bytes.ts';
import { DTYPES, type TensorData } from '../tensor/dtype.ts';
import { contiguousStrides, countOf } from '../tensor/layout.ts';
import { PickleWriter, type TensorInput } from './pickle-writer.ts';
import { torchFileStream } from './torch-file-stream.ts';

/** A tensor whose elements, little-endian and in C order, pass through as the file is written; each is a storage of its own. */
export interface PassingTensor extends Pick<TensorInput, 'dtype' | 'shape'> {
  readonly content: AsyncIterable<Uint8Array>;
}

/** What `stateDictStream` can write: plain values, lists, dicts and tensors, nested as one likes. */
export type TorchValue =
  | null
  | boolean
  | number
  | string
  | TensorInput
  | PassingTensor
  | readonly TorchValue[]
  | ReadonlyMap<string, TorchValue>
  | { readonly [key: string]: TorchValue };

/**
 * Bytes of a torch file with any nesting of dicts, lists and tensors, e.g. a state dict or a checkpoint around one.
 * torch.load reads it, with weights_only=True too. Whole numbers become int, others float.
 *
 * @throws RangeError when a tensor's data don't fit its shape; of one that passes through, while it does
 */
export function stateDictStream(root: TorchValue): AsyncGenerator<Uint8Array, void, undefined> {
  const pickle = new PickleWriter();
  const storages: Storages = new Map();
  writeValue(pickle, storages, root);
  const inputs = Array.from(storages.values(), ({ name, size, content }) => ({ name, size, content: content() }));
  return torchFileStream(pickle.finish(), inputs);
}

/** By what they are made of. */
type Storages = Map<TensorData | PassingTensor['content'], Storage>;

interface Storage {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

function writeValue(pickle: PickleWriter, storages: Storages, value: TorchValue): void {
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

function writeTensor(pickle: PickleWriter, storages: Storages, tensor: TensorInput | PassingTensor): void {
  const { dtype, shape } = tensor;
  const elements = countOf(shape);
  if ('data' in tensor && elements !== tensor.data.length) {
    throw new RangeError(`a tensor of shape [${shape.join(', ')}] with ${tensor.data.length} elements`);
  }
  const made = 'data' in tensor ? tensor.data : tensor.content;
  const storage = storages.get(made) ?? {
    name: String(storages.size),
    size: elements * DTYPES[dtype].itemBytes,
    content: () => ('data' in tensor ? [littleEndianBytes(tensor.data)] : tensor.content),
  };
  storages.set(made, storage);
  pickle.tensor({ dtype, shape, strides: contiguousStrides(shape), storage: storage.name, elements });
}

function isTensor(value: object): value is TensorInput | PassingTensor {
  return 'dtype' in value && ('content' in value || ('data' in value && ArrayBuffer.isView(value.data)));
}

function isList(value: object): value is readonly TorchValue[] {
  return Array.isArray(value);
}

function isMap(value: object): value is ReadonlyMap<string, TorchValue> {
  return value instanceof Map;
}
