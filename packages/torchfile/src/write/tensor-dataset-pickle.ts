import { Opcode } from '../pickle/opcodes.ts';
import { itemBytes, type DType } from '../tensor/dtype.ts';
import { contiguousStrides, countOf } from '../tensor/layout.ts';
import { PickleWriter } from './pickle-writer.ts';

/** Type and shape of one tensor of a dataset. */
export interface DatasetTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** data.pkl of a TensorDataset whose tensors have the storages 0, 1, 2 …, each one's own. */
export function tensorDatasetPickle(tensors: readonly DatasetTensor[]): Uint8Array {
  const pickle = new PickleWriter();
  pickle.global('torch.utils.data.dataset', 'TensorDataset').opcode(Opcode.EMPTY_TUPLE, Opcode.NEWOBJ);
  pickle.opcode(Opcode.EMPTY_DICT).text('tensors').opcode(Opcode.MARK);
  for (const [index, tensor] of tensors.entries()) writeTensor(pickle, tensor, index);
  return pickle.opcode(Opcode.TUPLE, Opcode.SETITEM, Opcode.BUILD).finish();
}

/** data.pkl of a dict of tensors, in order with the storages 0, 1, 2 …, and of lists. */
export function dictPickle(
  entries: readonly (readonly [key: string, content: DatasetTensor | readonly (string | bigint)[]])[],
): Uint8Array {
  const pickle = new PickleWriter();
  pickle.opcode(Opcode.EMPTY_DICT, Opcode.MARK);
  let storages = 0;
  for (const [key, content] of entries) {
    pickle.text(key);
    if ('dtype' in content) writeTensor(pickle, content, storages++);
    else {
      pickle.opcode(Opcode.EMPTY_LIST, Opcode.MARK);
      for (const item of content)
        if (typeof item === 'string') pickle.text(item);
        else pickle.integer(item);
      pickle.opcode(Opcode.APPENDS);
    }
  }
  return pickle.opcode(Opcode.SETITEMS).finish();
}

function writeTensor(pickle: PickleWriter, { dtype, shape }: DatasetTensor, storage: number): void {
  const strides = contiguousStrides(shape);
  pickle.tensor({ dtype, shape, strides, storage: String(storage), elements: countOf(shape) });
}

/** Bytes of a tensor's storage. */
export function storageBytes({ dtype, shape }: DatasetTensor): number {
  return countOf(shape) * itemBytes(dtype);
}
