import { MalformedTorchFileError, UnsupportedTorchFileError } from '../errors.ts';
import { describeNode, isCall, mappingEntries, qualifiedName, sequenceItems } from '../pickle/nodes.ts';
import { isFloat } from '../tensor/dtype.ts';
import { asTensorRef, type TensorRef } from '../tensor/tensor-ref.ts';
import type { TorchFile } from '../torch-file.ts';
import type { PartitionSpec } from './partition-spec.ts';

const TENSOR_DATASET = 'torch.utils.data.dataset.TensorDataset';

/** What is expected, in the words of a refusal. */
function expectedOf({ image, features }: PartitionSpec): string {
  return `expected TensorDataset(images [n,${image.bands.length},H,W], magnitudes [n,${features.length}], redshift [n] or [n,1]), all of a float type`;
}

/** The three tensors of a partition, checked to be of the right shapes. */
export interface PartitionTensors {
  readonly images: TensorRef;
  readonly magnitudes: TensorRef;
  readonly redshift: TensorRef;
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

/**
 * @throws UnsupportedTorchFileError when the file holds something else, or tensors of other shapes
 */
export function partitionTensors(file: TorchFile, spec: PartitionSpec): PartitionTensors {
  const expected = expectedOf(spec);
  const { image, features } = spec;
  const refs = readTensorDataset(file, expected);
  const [images, magnitudes, redshift] = refs;
  const found = refs.map(({ dtype, shape }) => `${dtype} [${shape.join(',')}]`).join(', ') || 'no tensors';
  if (refs.length !== 3 || !images || !magnitudes || !redshift || !refs.every(({ dtype }) => isFloat(dtype))) {
    throw new UnsupportedTorchFileError(file.name, undefined, `${expected}; found ${found}`);
  }
  const [count = NaN, bands, height = NaN, width] = images.shape;
  const fits =
    images.shape.length === 4 &&
    bands === image.bands.length &&
    height === width &&
    height >= image.side &&
    sameShape(magnitudes.shape, [count, features.length]) &&
    (sameShape(redshift.shape, [count]) || sameShape(redshift.shape, [count, 1]));
  if (!fits) {
    const square = `square images of at least ${image.side} x ${image.side} pixels and as many of each tensor`;
    throw new UnsupportedTorchFileError(file.name, undefined, `${expected}, ${square}; found ${found}`);
  }
  return { images, magnitudes, redshift };
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
