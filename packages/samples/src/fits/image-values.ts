import { imageAt, type FitsNumberType, type ImagePlace } from '@cosmicai/fits';
import type { ByteSource } from '@cosmicai/store';
import { newNumbers, put } from '../new-values.ts';
import type { ArraysByType, ReadOptions } from '../source.ts';

export type NumberColumnType = FitsNumberType;
type Numbers = ArraysByType[NumberColumnType];

/**
 * Whole images one after the other. Those that lie close together in a file are read at once.
 */
export async function readImages(
  file: ByteSource,
  images: readonly ImagePlace[],
  type: NumberColumnType,
  options: ReadOptions,
): Promise<Numbers> {
  const pixels = pixelsOf(images[0]);
  const room = newNumbers(type, images.length * pixels);
  const near = await nearby(file, images, options);
  for (const [place, image] of images.entries()) {
    put(room, await imageAt(near, image).pixels(0, pixels, options), place * pixels);
  }
  return room;
}

export function pixelsOf(image: ImagePlace | undefined): number {
  return image?.shape.reduce((product, size) => product * size, 1) ?? 0;
}

/** The file, or what was read of it where headers between the images are less than the images. */
async function nearby(file: ByteSource, images: readonly ImagePlace[], options: ReadOptions): Promise<ByteSource> {
  const start = Math.min(...images.map((image) => image.start));
  const end = Math.max(...images.map((image) => image.start + pixelsOf(image) * image.reader.size));
  const needed = images.reduce((sum, image) => sum + pixelsOf(image) * image.reader.size, 0);
  if (images.length === 1 || end - start > 2 * needed || end > file.size) return file;
  const bytes = await file.read(start, end, options);
  return {
    name: file.name,
    size: file.size,
    read: (from, to) => Promise.resolve(bytes.subarray(from - start, to - start)),
  };
}
