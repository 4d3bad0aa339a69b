import { UnusableFileError } from '@cosmicai/payload';
import { dataFits, wrongSum } from '@cosmicai/fits';
import type { ByteSource } from '@cosmicai/store';
import { bandsOf } from '../fits/bands.ts';
import { fitsContent, type FoundImage } from '../fits/fits-content.ts';
import { floatFor } from '../fits/common-type.ts';
import { pixelsOf, readImages } from '../fits/image-values.ts';
import type { SkyPlace } from '../fits/wcs.ts';
import type { OpenSamplesOptions } from '../format.ts';
import type { ReadOptions } from '../source.ts';
import type { FileObject } from './file-objects.ts';

/** What all galaxies of a folder have in common. */
export interface CutoutShape {
  readonly type: 'float32' | 'float64';
  readonly shape: readonly number[];
  readonly parts?: readonly string[];
}

export interface Cutout extends CutoutShape {
  readonly centre: SkyPlace | undefined;
  readonly pixels: Float32Array | Float64Array;
  /** Files without sums to check them by. */
  readonly unsummed: readonly string[];
}

/** Files that are no larger are read in one piece. */
const SMALL_BYTES = 4 * 2 ** 20;

/**
 * The image of one galaxy.
 *
 * @param bands those that other galaxies of the folder have, in their order
 * @throws UnusableFileError when a file is damaged, has no image, or lacks a band
 */
export async function readCutout(
  object: FileObject,
  wanted: Pick<CutoutShape, 'type' | 'parts'> | undefined,
  { checkCrc = true, ...options }: ReadOptions & Pick<OpenSamplesOptions, 'checkCrc'>,
): Promise<Cutout> {
  const unsummed = new Set<string>();
  const parts: { images: readonly FoundImage[]; file: ByteSource; band: string | undefined }[] = [];
  for (const { file: listed, band } of inOrder(object, wanted?.parts)) {
    const file = await inOnePiece(await listed.open(), options);
    const { images, unread } = await fitsContent(file, options);
    const first = images[0];
    if (first === undefined) {
      const [hdu, why] = [...unread][0] ?? [];
      throw new UnusableFileError(file.name, undefined, hdu === undefined ? 'it has no image' : `${hdu} ${why}`);
    }
    const isSame = images.every(({ shape }) => shape.join() === first.shape.join());
    if (!isSame || (band !== undefined && images.length > 1)) {
      throw new UnusableFileError(
        file.name,
        undefined,
        'its images are of several shapes, or several where one band is expected',
      );
    }
    for (const { of: hdu } of images) {
      const fits = checkCrc ? await dataFits(file, hdu, options) : true;
      if (fits === false) throw wrongSum(file.name, { hdu: hdu.header.hdu, from: hdu.start });
      if (fits === undefined) unsummed.add(file.name);
    }
    parts.push({ images, file, band });
  }
  const images = parts.flatMap((part) => part.images);
  const [first] = images;
  if (first === undefined || images.some(({ shape }) => shape.join() !== first.shape.join())) {
    throw new UnusableFileError(object.name, undefined, 'its bands are of several shapes');
  }
  const type = wanted?.type ?? floatFor(images.map(({ reader }) => reader.type));
  const names = parts.length > 1 ? parts.map(({ band }) => band ?? '') : bandsOf(images.map(({ name }) => name));
  const shape = images.length > 1 ? [images.length, ...first.shape] : first.shape;
  const pixels =
    type === 'float32'
      ? new Float32Array(images.length * pixelsOf(first))
      : new Float64Array(images.length * pixelsOf(first));
  let at = 0;
  for (const part of parts) {
    const read = await readImages(part.file, part.images, type, options);
    if (read instanceof Float32Array || read instanceof Float64Array) pixels.set(read, at);
    at += read.length;
  }
  return { type, shape, ...(names && { parts: names }), centre: first.centre, pixels, unsummed: [...unsummed] };
}

/** The files of a galaxy in the order of the bands. */
function inOrder({ name, files }: FileObject, bands: readonly string[] | undefined): FileObject['files'] {
  if (bands === undefined || files.every(({ band }) => band === undefined)) return files;
  return bands.map((band) => {
    const found = files.find((file) => file.band === band);
    if (found === undefined) throw new UnusableFileError(name, undefined, `there is no file of its band ${band}`);
    return found;
  });
}

async function inOnePiece(file: ByteSource, options: ReadOptions): Promise<ByteSource> {
  if (file.size > SMALL_BYTES || file.size === 0) return file;
  const bytes = await file.read(0, file.size, options);
  return { name: file.name, size: bytes.byteLength, read: (from, to) => Promise.resolve(bytes.subarray(from, to)) };
}
