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
  for (const [index, { dtype, shape }] of tensors.entries()) {
    const strides = contiguousStrides(shape);
    pickle.tensor({ dtype, shape, strides, storage: String(index), elements: countOf(shape) });
  }
  return pickle.opcode(Opcode.TUPLE, Opcode.SETITEM, Opcode.BUILD).finish();
}

/** Bytes of a tensor's storage. */
export function storageBytes({ dtype, shape }: DatasetTensor): number {
  return countOf(shape) * itemBytes(dtype);
}
