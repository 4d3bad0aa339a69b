import { MalformedTorchFileError, UnsupportedTorchFileError } from '../errors.ts';
import {
  describeNode,
  isCall,
  mappingEntries,
  qualifiedName,
  sequenceItems,
  type PickleNode,
} from '../pickle/nodes.ts';
import { asTensorRef, type TensorRef } from '../tensor/tensor-ref.ts';
import type { TorchFile } from '../torch-file.ts';

const TENSOR_DATASET = 'torch.utils.data.dataset.TensorDataset';

/** Names of objects as a dict may hold them beside its tensors. */
export type NameList = readonly string[] | readonly bigint[];

/** What was saved under one name, or at one place. */
export interface SavedEntry {
  /** Of a dict; undefined in what has an order instead. */
  readonly key?: string;
  readonly content: TensorRef | NameList;
}

/** The tensors that somebody saved together, in their order. */
export interface SavedTensors {
  readonly container: 'TensorDataset' | 'dict';
  readonly entries: readonly SavedEntry[];
}

/**
 * What a torch.utils.data.TensorDataset holds, or a dict of tensors by name. Other values of a dict are passed over.
 *
 * @param expected what it says of a file that holds something else
 * @throws UnsupportedTorchFileError when something else was saved
 */
export function savedTensors(file: TorchFile, expected: string): SavedTensors {
  const { root, name } = file;
  if (isCall(root) && qualifiedName(root.callee) === TENSOR_DATASET) {
    return { container: 'TensorDataset', entries: readTensorDataset(file, expected).map((content) => ({ content })) };
  }
  const entries = (mappingEntries(root) ?? []).flatMap(([key, value]): SavedEntry[] => {
    const content = asTensorRef(name, value) ?? namesIn(value);
    return typeof key !== 'string' || content === undefined ? [] : [{ key, content }];
  });
  if (entries.length === 0)
    throw new UnsupportedTorchFileError(name, undefined, `${expected}; found ${describeNode(root)}`);
  return { container: 'dict', entries };
}

/**
 * Tensors of a saved torch.utils.data.TensorDataset of any shapes and types, in order.
 *
 * @param expected what it says of a file that holds something else
 * @throws UnsupportedTorchFileError when something else was saved
 */
export function readTensorDataset(file: TorchFile, expected = 'expected a TensorDataset'): TensorRef[] {
  const { root, name } = file;
  if (!isCall(root) || qualifiedName(root.callee) !== TENSOR_DATASET) {
    throw new UnsupportedTorchFileError(name, undefined, `${expected}; found ${describeNode(root)}`);
  }
  const tensors = mappingEntries(root.state)?.findLast(([key]) => key === 'tensors')?.[1];
  const items = sequenceItems(tensors);
  if (items === undefined) throw new MalformedTorchFileError(name, root.at, 'a TensorDataset without tensors');
  return items.map((item) => {
    const ref = asTensorRef(name, item);
    if (ref === undefined) {
      throw new MalformedTorchFileError(name, root.at, `a TensorDataset that holds ${describeNode(item)}`);
    }
    return ref;
  });
}

/** A list or tuple of text, or of whole numbers. */
function namesIn(node: PickleNode): NameList | undefined {
  const items = sequenceItems(node) ?? [];
  if (items.length === 0) return undefined;
  if (items.every((item) => typeof item === 'string')) return items;
  const isWhole = (item: PickleNode): item is number | bigint => typeof item === 'bigint' || Number.isSafeInteger(item);
  return items.every(isWhole) ? items.map((item) => BigInt(item)) : undefined;
}
