/* eslint-disable @typescript-eslint/no-non-null-assertion -- shape, strides and index have one number for each axis; these loops run for each element */
import type { TensorData } from './dtype.ts';

/** Where the elements of a tensor lie in its storage; all in elements. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Strides of a tensor in C order without gaps. */
export function contiguousStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis -= 1) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/** True when the elements lie in C order without gaps; strides of axes of length 1 don't matter. */
export function isContiguous({ shape, strides }: Pick<Layout, 'shape' | 'strides'>): boolean {
  const dense = contiguousStrides(shape);
  return countOf(shape) === 0 || shape.every((size, axis) => size === 1 || strides[axis] === dense[axis]);
}

/** Distance in elements from the first to the last element, plus one; 0 for an empty tensor. */
export function spanOf({ shape, strides }: Pick<Layout, 'shape' | 'strides'>): number {
  if (countOf(shape) === 0) return 0;
  return 1 + shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, 0);
}

/**
 * Calls `visit` for each element in C order with its index in the storage (from `layout.offset`) and its position.
 * Iterative and without allocation per element.
 */
export function walk(layout: Layout, visit: (source: number, position: number) => void): void {
  const { shape, strides } = layout;
  const total = countOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  let source = layout.offset;
  for (let position = 0; position < total; position += 1) {
    visit(source, position);
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1;
      source += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      source -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/** Elements of a strided view, copied into C order. */
export function gather(data: TensorData, layout: Layout): TensorData {
  const target = new (data.constructor as new (length: number) => TensorData)(countOf(layout.shape));
  walk(layout, (source, position) => {
    target[position] = data[source]!;
  });
  return target;
}
