import { isInOrder } from '@cosmicai/payload';
import { isTorchFile, splitPartition, TORCH_SIGNATURE } from '@cosmicai/torchfile';
import type { SampleFormat } from '../format.ts';
import { openTorchSource } from './torch-source.ts';

/** `torch.save(TensorDataset(images, magnitudes, redshift))`. */
export const torch: SampleFormat = {
  name: 'torch',
  signature: TORCH_SIGNATURE,
  begins: isTorchFile,
  open: openTorchSource,
  split: (file, targetBytes, sink, { columns, ...options }) =>
    splitPartition(file, targetBytes, sink, {
      ...options,
      columns: columns && isInOrder(columns) ? columns : undefined,
    }),
};
