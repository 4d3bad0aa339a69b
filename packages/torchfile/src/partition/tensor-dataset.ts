import { MalformedTorchFileError, UnsupportedTorchFileError } from '../errors.ts';
import { describeNode, isCall, mappingEntries, qualifiedName, sequenceItems } from '../pickle/nodes.ts';
import { isFloat } from '../tensor/dtype.ts';
import { asTensorRef, type TensorRef } from '../tensor/tensor-ref.ts';
import type { TorchFile } from '../torch-file.ts';
import { BANDS, CUTOUT } from './sample-batch.ts';

const TENSOR_DATASET = 'torch.utils.data.dataset.TensorDataset';
const EXPECTED =
  'expected TensorDataset(images [n,5,H,W], magnitudes [n,5], redshift [n] or [n,1]), all of a float type';

/** The three tensors of a partition, checked to be of the right shapes. */
export interface PartitionTensors {
  readonly images: TensorRef;
  readonly magnitudes: TensorRef;
  readonly redshift: TensorRef;
}

/**
 * Tensors of a saved torch.utils.data.TensorDataset of any shapes and types, in order.
 *
 * @throws UnsupportedTorchFileError when something else was saved
 */
export function readTensorDataset(file: TorchFile): TensorRef[] {
  const { root, name } = file;
  if (!isCall(root) || qualifiedName(root.callee) !== TENSOR_DATASET) {
    throw new UnsupportedTorchFileError(name, undefined, `${EXPECTED}; found ${describeNode(root)}`);
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
export function partitionTensors(file: TorchFile): PartitionTensors {
  const refs = readTensorDataset(file);
  const [images, magnitudes, redshift] = refs;
  const found = refs.map(({ dtype, shape }) => `${dtype} [${shape.join(',')}]`).join(', ') || 'no tensors';
  if (refs.length !== 3 || !images || !magnitudes || !redshift || !refs.every(({ dtype }) => isFloat(dtype))) {
    throw new UnsupportedTorchFileError(file.name, undefined, `${EXPECTED}; found ${found}`);
  }
  const [count, bands, height, width] = images.shape;
  const fits =
    images.shape.length === 4 &&
    bands === BANDS &&
    height === width &&
    height! >= CUTOUT &&
    sameShape(magnitudes.shape, [count!, BANDS]) &&
    (sameShape(redshift.shape, [count!]) || sameShape(redshift.shape, [count!, 1]));
  if (!fits) {
    const square = `square images of at least ${CUTOUT} x ${CUTOUT} pixels and as many of each tensor`;
    throw new UnsupportedTorchFileError(file.name, undefined, `${EXPECTED}, ${square}; found ${found}`);
  }
  return { images, magnitudes, redshift };
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
