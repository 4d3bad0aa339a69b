import { endianness } from 'node:os';
import { bufferSource } from '@cosmicai/store';
import { newNumbers, put, type NumberType } from '../new-values.ts';
import { fitsContent } from '../fits/fits-content.ts';
import { readImages } from '../fits/image-values.ts';
import { npyColumn } from '../numpy/npy-column.ts';
import { parseNpyHeader } from '../numpy/npy-header.ts';
import type { ArraysByType } from '../source.ts';

/** What cells hold is not what a reader can hand out; the message goes behind the column's name. */
export class CellError extends Error {}

/** Numbers of one type, and how they are arranged. */
export interface Cell {
  readonly type: NumberType;
  readonly shape: readonly number[];
  readonly values: ArraysByType[NumberType];
}

/** The numbers of nested lists. @throws CellError when they are ragged, or something is missing where no NaN can stand */
export function cellOfList(value: unknown, type: NumberType): Cell {
  const shape = shapeOf(value);
  if (shape.length === 0) throw new CellError('has rows without a list');
  const values = newNumbers(
    type,
    shape.reduce((product, size) => product * size, 1),
  );
  let at = 0;
  const fill = (part: unknown, depth: number): void => {
    if (depth === shape.length) {
      setNumber(values, at++, part);
      return;
    }
    if (!isList(part) || part.length !== shape[depth]) throw new CellError('has arrays of several lengths');
    if (depth === shape.length - 1 && ArrayBuffer.isView(part)) {
      put(values, part as ArraysByType[NumberType], at);
      at += part.length;
    } else for (const item of part) fill(item, depth + 1);
  };
  fill(value, 0);
  return { type, shape, values };
}

/** @throws CellError when it is missing and the array has no NaN */
export function setNumber(values: ArraysByType[NumberType], at: number, value: unknown): void {
  if (value === null || value === undefined) {
    if (!(values instanceof Float32Array || values instanceof Float64Array))
      throw new CellError('has gaps among its whole numbers');
    values[at] = NaN;
  } else if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    values[at] = BigInt(value as number | bigint);
  else values[at] = Number(value);
}

function isList(value: unknown): value is ArrayLike<unknown> & Iterable<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

function shapeOf(value: unknown): number[] {
  return isList(value) ? [value.length, ...(value.length === 0 ? [] : shapeOf(value[0]))] : [];
}

/**
 * The numbers of bytes: an array of numpy.save, a FITS image, or otherwise float32, little-endian.
 *
 * @throws CellError when they are something else
 */
export async function cellOfBytes(bytes: Uint8Array): Promise<Cell> {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  if (/^(\x89PNG|\xff\xd8\xff|GIF8|RIFF)/.test(head)) {
    throw new CellError(
      'is of pictures (PNG, JPEG or the like), which hold no measured brightness. Write the pixels as lists of numbers',
    );
  }
  if (head.startsWith('\x93NUMPY')) return await arrayOfNumpy(bytes);
  if (head.startsWith('SIMPLE  =')) return await imageOfFits(bytes);
  if (bytes.length === 0 || bytes.length % 4 !== 0)
    throw new CellError(`is of ${bytes.length} bytes, which are no float32 numbers`);
  const copy = Buffer.from(bytes);
  if (endianness() === 'BE') copy.swap32();
  const values = new Float32Array(new Uint8Array(copy).buffer);
  return { type: 'float32', shape: [values.length], values };
}

async function arrayOfNumpy(bytes: Uint8Array): Promise<Cell> {
  const header = parseNpyHeader('a cell', 'it', bytes);
  const [count = 1] = header.shape;
  const column = npyColumn('a cell', 'it', header, (from, to) => Promise.resolve(bytes.subarray(from, to)));
  if (typeof column === 'string') throw new CellError(column);
  const values = await column.values(0, count, {});
  const total = header.shape.reduce((product, size) => product * size, 1);
  if (column.type === 'text' || !ArrayBuffer.isView(values) || values.length !== total) {
    throw new CellError('has arrays of NumPy that are cut short, or no numbers');
  }
  return { type: column.type, shape: header.shape, values };
}

async function imageOfFits(bytes: Uint8Array): Promise<Cell> {
  const file = bufferSource('a cell', bytes);
  const [image] = (await fitsContent(file)).images;
  if (image === undefined) throw new CellError('has FITS files without an image');
  const { type } = image.reader;
  return { type, shape: image.shape, values: await readImages(file, [image], type, {}) };
}
