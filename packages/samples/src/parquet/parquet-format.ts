import type { SampleFormat } from '../format.ts';
import { openParquetSource } from './parquet-source.ts';

/** Rows of a Parquet file. */
export const parquet: SampleFormat = {
  name: 'parquet',
  signature: 'a Parquet file, which begins with PAR1',
  begins: (head) => Buffer.from(head.subarray(0, 4)).toString('latin1') === 'PAR1',
  open: openParquetSource,
};
