import type { SampleFormat } from '../format.ts';
import { openHdf5Source } from './hdf5-source.ts';

/** Datasets of an HDF5 file. */
export const hdf5: SampleFormat = {
  name: 'hdf5',
  signature: 'an HDF5 file, which begins with 894844460d0a1a0a',
  begins: (head) => Buffer.from(head.subarray(0, 8)).toString('latin1') === '\x89HDF\r\n\x1a\n',
  open: (file) => openHdf5Source(file),
};
