import { MalformedTorchFileError, UnsupportedTorchFileError } from '../errors.ts';
import {
  describeNode,
  isCall,
  mappingEntries,
  qualifiedName,
  sequenceItems,
  type CallNode,
  type PickleNode,
} from '../pickle/nodes.ts';
import { asTensorRef, type TensorRef } from '../tensor/tensor-ref.ts';
import type { TorchFile } from '../torch-file.ts';

export const TENSOR_DATASET = 'torch.utils.data.dataset.TensorDataset';

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
  if (isTensorDataset(root)) {
    return { container: 'TensorDataset', entries: tensorsOfDataset(file, root).map((content) => ({ content })) };
  }
  const entries = savedEntries(file, root);
  if (entries.length === 0)
    throw new UnsupportedTorchFileError(name, undefined, `${expected}; found ${describeNode(root)}`);
  return { container: 'dict', entries };
}

/** Tensors and lists of names of a dict, by its keys; none of anything else. */
export function savedEntries({ name }: TorchFile, node: PickleNode | undefined): SavedEntry[] {
  const entries = (mappingEntries(node) ?? []).flatMap(([key, value]): [string, SavedEntry][] => {
    const content = asTensorRef(name, value) ?? namesIn(value);
    return typeof key !== 'string' || content === undefined ? [] : [[key, { key, content }]];
  });
  // Of doubled keys the last counts.
  return [...new Map(entries).values()];
}

/**
 * Tensors of a saved torch.utils.data.TensorDataset of any shapes and types, in order.
 *
 * @throws UnsupportedTorchFileError when something else was saved
 */
export function readTensorDataset(file: TorchFile): TensorRef[] {
  const { root, name } = file;
  if (isTensorDataset(root)) return tensorsOfDataset(file, root);
  throw new UnsupportedTorchFileError(name, undefined, `expected a TensorDataset; found ${describeNode(root)}`);
}

function isTensorDataset(node: PickleNode | undefined): node is CallNode {
  return isCall(node) && qualifiedName(node.callee) === TENSOR_DATASET;
}

/** @throws MalformedTorchFileError when it holds no tensors */
export function tensorsOfDataset({ name }: TorchFile, node: CallNode): TensorRef[] {
  const tensors = mappingEntries(node.state)?.findLast(([key]) => key === 'tensors')?.[1];
  const items = sequenceItems(tensors);
  if (items === undefined) throw new MalformedTorchFileError(name, node.at, 'a TensorDataset without tensors');
  return items.map((item) => {
    const ref = asTensorRef(name, item);
    if (ref === undefined) {
      throw new MalformedTorchFileError(name, node.at, `a TensorDataset that holds ${describeNode(item)}`);
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
