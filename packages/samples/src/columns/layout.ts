import type { ImageSpec } from '@cosmicai/payload';
import { centralPixels, type PixelLayout } from '@cosmicai/torchfile';
import type { SampleColumn } from '../source.ts';

/** Where in a source's images the pixels are that a model takes, and what is known of their order. */
export interface ImageLayout extends PixelLayout {
  readonly channelsLast: boolean;
  /** Pixels along an edge of what is taken of an image; where that isn't the model's side, it is resized. */
  readonly square: number;
  /** Whether nothing in the file says which band is which. */
  readonly unnamedBands: boolean;
}

export interface DeclaredImages {
  readonly layout?: 'NCHW' | 'NHWC';
  /** Of the channels, in the file's order. */
  readonly bands?: readonly string[];
}

/** The place of each wanted name among those that are there; undefined: not all of them are. */
export function orderOf(
  parts: readonly string[] | undefined,
  wanted: readonly string[],
): readonly number[] | undefined {
  const order = parts === undefined ? [] : wanted.map((name) => parts.indexOf(name));
  return parts === undefined || order.includes(-1) ? undefined : order;
}

/** How a model's images are found in those of a column, or why they can't be. An odd margin leaves the extra pixel at the bottom and right. */
export function imageLayout(
  column: SampleColumn,
  { bands, side, fit }: ImageSpec,
  declared: DeclaredImages,
): ImageLayout | string {
  const { type, shape } = column;
  if (type === 'text') return 'it is text';
  const layout = declared.layout ?? column.layout;
  const channelsLast = layout === undefined ? isChannelsLast(column, bands.length) : layout === 'NHWC';
  const [channels = NaN, height = NaN, width = NaN] = axesOf(shape, channelsLast);
  const parts = declared.bands ?? column.parts;
  if (Number.isNaN(channels)) return 'its images have no three axes';
  if (declared.bands !== undefined && declared.bands.length !== channels)
    return `${declared.bands.length} bands are named, and there are ${channels} channels`;
  const order = orderOf(parts, bands);
  if (parts !== undefined && order === undefined)
    return `its bands are ${parts.join(', ')}. If these are the model’s under other names, say so with bands=${bands.join('/')}`;
  if (parts === undefined && channels !== bands.length) {
    const hint = layout === undefined ? '' : ` as ${layout}`;
    const way = channels > bands.length ? ': say which bands they are with bands=…, one name for each' : '';
    return `it has ${channels} ${channels === 1 ? 'channel' : 'channels'}${hint}${way}`;
  }
  if (height !== width) return 'its images are not square';
  if (height < 1) return 'its images have no pixels';
  if (height < side && fit !== 'resize')
    return `its images are smaller, ${height} pixels wide; the model’s spec can have them resized (fit: resize)`;
  const square = fit === 'resize' ? height : side;
  const isAsItIs = order === undefined || (order.length === channels && order.every((from, to) => from === to));
  return {
    ...centralPixels([channels, height, width], square, channelsLast),
    square,
    channelsLast: channelsLast && channels > 1,
    order: isAsItIs ? undefined : order,
    unnamedBands: parts === undefined && bands.length > 1,
  };
}

/** [channels, height, width]; an image of two axes has one channel. */
function axesOf(shape: readonly number[], channelsLast: boolean): readonly (number | undefined)[] {
  if (shape.length === 2) return [1, ...shape];
  if (shape.length !== 3) return [];
  const [first, second, third] = shape;
  return channelsLast ? [third, first, second] : [first, second, third];
}

/** Whether the shape can only be [height, width, bands]. */
function isChannelsLast({ shape, parts }: SampleColumn, bands: number): boolean {
  const [first, second, third] = shape;
  const channels = parts?.length ?? bands;
  return shape.length === 3 && first !== channels && third === channels && first === second;
}
