import type { DType, TensorData } from './dtype.ts';
import { fromBfloat16, fromFloat16 } from './float16.ts';

/** A tensor in memory, in C order without gaps. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Of `data`, in elements. */
  readonly strides: readonly number[];
  /** A view on what was read where possible: don't change it. float16 and bfloat16 as bits, bool as 0 or 1. */
  readonly data: TensorData;
}

/** How to read the value of one element of `data`. */
export function valueReader(dtype: DType, data: TensorData): (index: number) => number {
  if (dtype === 'float16') return (index) => fromFloat16(data[index] as number);
  if (dtype === 'bfloat16') return (index) => fromBfloat16(data[index] as number);
  return (index) => Number(data[index]);
}

/** Values as float32: the data themselves when they are that already, else a rounded copy. */
export function toFloat32(tensor: Pick<Tensor, 'dtype' | 'data'>): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  const value = valueReader(tensor.dtype, tensor.data);
  return Float32Array.from({ length: tensor.data.length }, (_, index) => value(index));
}

/** Values as float64: the data themselves when they are that already, else a copy. int64 beyond 2^53 is rounded. */
export function toFloat64(tensor: Pick<Tensor, 'dtype' | 'data'>): Float64Array {
  if (tensor.data instanceof Float64Array) return tensor.data;
  const value = valueReader(tensor.dtype, tensor.data);
  return Float64Array.from({ length: tensor.data.length }, (_, index) => value(index));
}
