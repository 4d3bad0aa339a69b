/* eslint-disable @typescript-eslint/no-non-null-assertion -- images have four axes, as partitionTensors has checked */
import type { TensorData } from '../tensor/dtype.ts';
import { countOf, isContiguous, walk, type Layout } from '../tensor/layout.ts';
import { valueReader } from '../tensor/tensor.ts';
import type { Rows } from './column.ts';

/**
 * The central square of each image, `side` pixels wide, as float32 [count, bands, side, side]. Float32 images of that size
 * are not copied. An odd margin leaves the extra pixel at the bottom and right.
 */
export function cutouts({ dtype, data, layout }: Rows, side: number): Float32Array {
  const [count, bands, height, width] = layout.shape;
  const [, , rowStride, pixelStride] = layout.strides;
  const top = Math.floor((height! - side) / 2);
  const left = Math.floor((width! - side) / 2);
  const cropped: Layout = {
    shape: [count!, bands!, side, side],
    strides: layout.strides,
    offset: layout.offset + top * rowStride! + left * pixelStride!,
  };
  if (dtype === 'float32' && pixelStride === 1) return denseFloat32(data as Float32Array, cropped);
  return decoded(Float32Array, dtype, data, cropped);
}

/** Rows of numbers as float64 in C order. Contiguous float64 rows are not copied. */
export function float64Rows({ dtype, data, layout }: Rows): Float64Array {
  if (data instanceof Float64Array && isContiguous(layout)) return data;
  return decoded(Float64Array, dtype, data, layout);
}

/** Rows of whole numbers as int64. Contiguous int64 rows are not copied. */
export function int64Rows({ data, layout }: Rows): BigInt64Array {
  if (data instanceof BigInt64Array && isContiguous(layout)) return data;
  const values = new BigInt64Array(countOf(layout.shape));
  walk(layout, (source, position) => {
    values[position] = BigInt(data[source]!);
  });
  return values;
}

function denseFloat32(data: Float32Array, layout: Layout): Float32Array {
  if (isContiguous(layout)) return data.subarray(layout.offset, layout.offset + countOf(layout.shape));
  const images = new Float32Array(countOf(layout.shape));
  const width = layout.shape[3]!;
  // Line by line: the pixels of a line lie together, and set() copies them at memory speed.
  const lines: Layout = { ...layout, shape: layout.shape.slice(0, 3), strides: layout.strides.slice(0, 3) };
  walk(lines, (source, line) => images.set(data.subarray(source, source + width), line * width));
  return images;
}

function decoded<Values extends Float32Array | Float64Array>(
  ArrayType: new (length: number) => Values,
  dtype: Rows['dtype'],
  data: TensorData,
  layout: Layout,
): Values {
  const values = new ArrayType(countOf(layout.shape));
  const value = valueReader(dtype, data);
  walk(layout, (source, position) => {
    values[position] = value(source);
  });
  return values;
}
