import { isTorchFile, splitPartition, TORCH_SIGNATURE } from '@cosmicai/torchfile';
import type { SampleFormat } from '../format.ts';
import { openTorchSource } from './torch-source.ts';

/** `torch.save(TensorDataset(images, magnitudes, redshift))`. */
export const torch: SampleFormat = {
  name: 'torch',
  signature: TORCH_SIGNATURE,
  begins: isTorchFile,
  open: openTorchSource,
  split: (file, targetBytes, sink, { checkCrc, signal }) =>
    splitPartition(file, targetBytes, sink, { ...(checkCrc !== undefined && { checkCrc }), ...(signal && { signal }) }),
};
