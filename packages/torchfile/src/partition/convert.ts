/* eslint-disable @typescript-eslint/no-non-null-assertion -- loops over pixels, whose places layouts give */
import type { ImageSpec } from '@cosmicai/payload';
import type { TensorData } from '../tensor/dtype.ts';
import type { ObjectIds } from './partition-batch.ts';

/** Where in images the pixels are that a model takes; all counted in values. */
export interface PixelLayout {
  /** Of one image as it is stored. */
  readonly size: number;
  /** Of the first pixel of the central square. */
  readonly offset: number;
  /** From channel to channel, row to row, pixel to pixel. */
  readonly strides: readonly [channel: number, row: number, pixel: number];
  /** Pixels that are cut off along an edge. */
  readonly crop: number;
  /** The channel of each band; undefined: as they are. */
  readonly order: readonly number[] | undefined;
}

/** The central squares of images in C order. An odd margin leaves the extra pixel at the bottom and right. */
export function centralPixels(
  [channels, height, width]: readonly [channels: number, height: number, width: number],
  side: number,
  channelsLast = false,
): Omit<PixelLayout, 'order'> {
  const crop = height - side;
  const before = Math.floor(crop / 2);
  const strides = channelsLast ? ([1, width * channels, channels] as const) : ([height * width, width, 1] as const);
  return { size: channels * height * width, offset: before * (strides[1] + strides[2]), strides, crop };
}

/**
 * Images as models take them, [count, bands, side, side]: the central square of each, the model's bands in its order, as float32.
 * Those that are so already are not copied.
 */
export function imagesOf(
  values: TensorData,
  count: number,
  layout: PixelLayout,
  { bands, side }: ImageSpec,
): Float32Array {
  const { size, offset, strides, order } = layout;
  const [channelStride, rowStride, pixelStride] = strides;
  const isAsItIs = layout.crop === 0 && order === undefined && (pixelStride === 1 || bands.length * side * side === 1);
  if (isAsItIs) return values instanceof Float32Array ? values : inFloat(Float32Array, values);
  const images = new Float32Array(count * bands.length * side * side);
  const lines = values instanceof Float32Array && pixelStride === 1 ? values : undefined;
  let to = 0;
  for (let sample = 0; sample < count; sample += 1) {
    for (let band = 0; band < bands.length; band += 1) {
      const channel = sample * size + offset + (order?.[band] ?? band) * channelStride;
      for (let row = 0; row < side; row += 1, to += side) {
        const from = channel + row * rowStride;
        if (lines !== undefined) images.set(lines.subarray(from, from + side), to);
        else
          for (let pixel = 0; pixel < side; pixel += 1)
            images[to + pixel] = Number(values[from + pixel * pixelStride]!);
      }
    }
  }
  return images;
}

/** Numbers as float64; those that are so already are not copied. */
export function float64Of(values: TensorData): Float64Array {
  return values instanceof Float64Array ? values : inFloat(Float64Array, values);
}

function inFloat<Values extends Float32Array | Float64Array>(
  ArrayType: new (values: ArrayLike<number>) => Values,
  values: TensorData,
): Values {
  return new ArrayType(isBig(values) ? Array.from(values, Number) : values);
}

function isBig(values: TensorData): values is BigInt64Array | BigUint64Array {
  return values instanceof BigInt64Array || values instanceof BigUint64Array;
}

/** Of each row of `width` numbers those at the places of `order`. */
export function pickedOf(values: TensorData, count: number, width: number, order: readonly number[]): Float64Array {
  const picked = new Float64Array(count * order.length);
  for (let row = 0, to = 0; row < count; row += 1)
    for (const place of order) picked[to++] = Number(values[row * width + place]!);
  return picked;
}

/** Columns side by side, [count, columns]. */
export function gatheredOf(columns: readonly TensorData[], count: number): Float64Array {
  const rows = new Float64Array(count * columns.length);
  for (const [place, values] of columns.entries())
    for (let row = 0; row < count; row += 1) rows[row * columns.length + place] = Number(values[row]!);
  return rows;
}

/** Names of objects. Those of uint64 become text, as not all of them fit int64. */
export function idsOf(values: TensorData | readonly string[]): ObjectIds {
  if (values instanceof BigInt64Array) return values;
  if (!ArrayBuffer.isView(values)) return values;
  return values instanceof BigUint64Array ? Array.from(values, String) : BigInt64Array.from(values, BigInt);
}
