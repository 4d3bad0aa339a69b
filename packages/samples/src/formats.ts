import type { SampleFormat } from './format.ts';
import { fits } from './fits/fits-format.ts';
import { hdf5 } from './hdf5/hdf5-format.ts';
import { npy } from './numpy/npy-format.ts';
import { npz } from './numpy/npz-format.ts';
import { parquet } from './parquet/parquet-format.ts';
import { safetensors } from './safetensors/safetensors-format.ts';
import { torch } from './torch/torch-format.ts';

/** Every format that samples are read from. */
export const FORMATS: readonly SampleFormat[] = [torch, npy, npz, safetensors, fits, hdf5, parquet];
