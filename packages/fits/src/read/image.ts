import type { ByteSource, ReadOptions } from '@cosmicai/store';
import { axesOf, type Hdu } from './hdu.ts';
import { numberReader, type FitsNumbers, type FitsNumberType, type NumberReader, type StoredType } from './numbers.ts';
import { readExactly } from './read-exactly.ts';

/** An image, or a cube of them, that is read by ranges. */
export interface FitsImage {
  /** Slowest axis first, as numpy has it: NAXISn, …, NAXIS1. */
  readonly shape: readonly number[];
  readonly type: FitsNumberType;
  /**
   * Pixels [from, to), counted through the whole image in C order; all where left out. BSCALE and BZERO are applied; BLANK is NaN.
   *
   * @throws RangeError when they leave the image, FitsFileError when the file has changed
   */
  pixels(from?: number, to?: number, options?: ReadOptions): Promise<FitsNumbers>;
}

const STORED: Readonly<Record<number, StoredType>> = {
  8: 'uint8',
  16: 'int16',
  32: 'int32',
  64: 'int64',
  [-32]: 'float32',
  [-64]: 'float64',
};

/** @throws FitsFileError when BSCALE, BZERO or BLANK is no number */
export function imageOf(file: ByteSource, hdu: Hdu): FitsImage {
  return imageAt(file, describeImage(hdu));
}

/** What must be known of an image to read it: less than its header. */
export interface ImagePlace {
  readonly hdu: string;
  readonly start: number;
  readonly shape: readonly number[];
  readonly reader: NumberReader;
}

/** @throws FitsFileError when BSCALE, BZERO or BLANK is no number */
export function describeImage({ header, start }: Hdu): ImagePlace {
  const stored = STORED[header.whole('BITPIX', { least: -64 })] ?? 'uint8';
  const scaling = {
    scale: Number(header.number('BSCALE') ?? 1),
    zero: header.number('BZERO') ?? 0,
    blank: header.number('BLANK'),
  };
  return { hdu: header.hdu, start, shape: axesOf(header).reverse(), reader: numberReader(stored, scaling, 'float32') };
}

export function imageAt(file: ByteSource, { hdu, start, shape, reader }: ImagePlace): FitsImage {
  const total = shape.reduce((product, size) => product * size, 1);
  return {
    shape,
    type: reader.type,
    async pixels(from = 0, to = total, options) {
      if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= total)) {
        throw new RangeError(`pixels [${from}, ${to}) of ${hdu} in ${file.name}, which has ${total}`);
      }
      const { size } = reader;
      const bytes = await readExactly(file, start + from * size, start + to * size, `the data of ${hdu}`, options);
      return reader.read(Uint8Array.from(bytes));
    },
  };
}
