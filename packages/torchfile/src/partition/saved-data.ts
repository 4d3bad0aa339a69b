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
import { savedEntries, TENSOR_DATASET, tensorsOfDataset, type SavedEntry } from './saved-tensors.ts';

/** Tensors with a row for each galaxy, by names or in an order, or what PyTorch makes of such: part of them, or several joined. */
export type SavedData =
  | { readonly kind: 'tensors'; readonly named: boolean; readonly entries: readonly SavedEntry[] }
  | { readonly kind: 'subset'; readonly of: SavedData; readonly indices: readonly number[] | TensorRef }
  | { readonly kind: 'joined'; readonly parts: readonly SavedData[] };

const SUBSET = 'torch.utils.data.dataset.Subset';
const CONCAT = 'torch.utils.data.dataset.ConcatDataset';
/** Datasets in datasets. */
const DEEPEST = 16;
/** More datasets than this nobody joins. */
const MOST_PARTS = 10_000;
const LONGEST_RANGE = 10_000_000;

/**
 * What was saved: a TensorDataset, a dict, tuple or list of tensors, a tensor alone, or a Subset or ConcatDataset of those.
 *
 * @param expected what it says of a file that holds something else
 * @throws UnsupportedTorchFileError when something else was saved
 */
export function savedData(file: TorchFile, expected: string): SavedData {
  return dataOf(file, file.root, expected, 0);
}

function dataOf(file: TorchFile, node: PickleNode | undefined, expected: string, depth: number): SavedData {
  if (depth > DEEPEST)
    throw new UnsupportedTorchFileError(file.name, undefined, `datasets in datasets, over ${DEEPEST} deep`);
  if (isCall(node)) {
    const name = qualifiedName(node.callee);
    if (name === TENSOR_DATASET) {
      const entries = tensorsOfDataset(file, node).map((content) => ({ content }));
      return { kind: 'tensors', named: false, entries };
    }
    if (name === SUBSET) {
      const indices = indicesOf(file, attribute(node.state, 'indices'));
      return { kind: 'subset', of: dataOf(file, attribute(node.state, 'dataset'), expected, depth + 1), indices };
    }
    if (name === CONCAT) {
      const datasets = sequenceItems(attribute(node.state, 'datasets'));
      if (datasets === undefined || datasets.length === 0 || datasets.length > MOST_PARTS)
        throw new MalformedTorchFileError(file.name, node.at, 'a ConcatDataset without datasets, or of too many');
      return { kind: 'joined', parts: datasets.map((part) => dataOf(file, part, expected, depth + 1)) };
    }
  }
  const alone = node === undefined ? undefined : asTensorRef(file.name, node);
  if (alone !== undefined) return { kind: 'tensors', named: false, entries: [{ content: alone }] };
  const items = sequenceItems(node);
  const tensors = items?.map((item) => asTensorRef(file.name, item)).filter((ref) => ref !== undefined) ?? [];
  if (items !== undefined && tensors.length > 0 && tensors.length === items.length)
    return { kind: 'tensors', named: false, entries: tensors.map((content) => ({ content })) };
  const entries = savedEntries(file, node);
  if (entries.length > 0) return { kind: 'tensors', named: true, entries };
  throw new UnsupportedTorchFileError(file.name, undefined, `${expected}; found ${describeNode(node)}`);
}

function attribute(state: PickleNode | undefined, name: string): PickleNode | undefined {
  return mappingEntries(state)?.findLast(([key]) => key === name)?.[1];
}

function indicesOf(file: TorchFile, node: PickleNode | undefined): readonly number[] | TensorRef {
  const items = sequenceItems(node);
  if (items?.every((item) => typeof item === 'number') === true) return items;
  const ref = node === undefined ? undefined : asTensorRef(file.name, node);
  if (ref !== undefined) return ref;
  if (isCall(node) && /^(builtins|__builtin__)\.x?range$/.test(qualifiedName(node.callee))) {
    const [start, stop, step] = node.args;
    const isWhole = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value);
    const length =
      isWhole(start) && isWhole(stop) && isWhole(step) && step !== 0 ? Math.ceil((stop - start) / step) : NaN;
    if (length <= LONGEST_RANGE) {
      return Array.from({ length: Math.max(0, length) }, (_, place) => Number(start) + place * Number(step));
    }
  }
  // A tensor each, as torch.randperm(n) split by list() leaves them, and arrays of NumPy.
  const problem = `a Subset whose indices are ${describeNode(node)}; save it with plain numbers: Subset(dataset, [int(i) for i in indices])`;
  throw new UnsupportedTorchFileError(file.name, isCall(node) ? node.at : undefined, problem);
}
