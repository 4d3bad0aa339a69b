import type { ByteSource } from '@cosmicai/store';
import { openTensors } from '@cosmicai/torchfile';
import type { OpenSamplesOptions } from '../format.ts';
import type { SampleSource } from '../source.ts';
import { asSource } from '../table-source.ts';

/**
 * What was saved in a torch file as a source: tensors by the keys of their dict, or those of a TensorDataset, which have no names,
 * by their places. Arrays pass through without a copy where their bytes allow it.
 *
 * @throws TorchFileError when the file is something else, or damaged
 */
export async function openTorchSource(file: ByteSource, { checkCrc }: OpenSamplesOptions = {}): Promise<SampleSource> {
  return asSource(await openTensors(file, { ...(checkCrc !== undefined && { checkCrc }) }));
}
