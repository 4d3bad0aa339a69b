import type { ByteSource } from '@cosmicai/store';
import { openTorchFile, type TorchFileOptions } from '../torch-file.ts';
import { whyUnchecked } from '../why-unchecked.ts';
import { openData } from './open-data.ts';
import { rowTable, type RowTable } from './row-table.ts';
import { savedData } from './saved-data.ts';

/** What a file that holds something else is told. */
const EXPECTED = 'expected TensorDataset(images, magnitudes, redshift), or a dict of tensors';

/** Pickles of data are long where they hold indices or names: half a million of them are read. */
const LIMITS = { maxPickleBytes: 32 * 1024 * 1024, maxOpcodes: 2_000_000 };

/**
 * Opens what somebody saved: a TensorDataset, a dict, tuple or list of tensors, or a Subset or ConcatDataset of those.
 *
 * @throws TorchFileError when the file is something else, damaged, or its tensors are of different lengths
 */
export async function openTensors(source: ByteSource, options: TorchFileOptions = {}): Promise<RowTable> {
  const file = await openTorchFile(source, { ...LIMITS, ...options });
  const data = await openData(file, savedData(file, EXPECTED));
  return rowTable({
    ...data,
    name: source.name,
    passingCheck: () => file.passingCheck(),
    whyUnchecked: (entries) => whyUnchecked(file, options, entries),
  });
}
