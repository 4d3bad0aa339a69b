import { UnusableFileError } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import { fittingColumns, readExactly } from '@cosmicai/torchfile';
import type { SampleFormat } from '../format.ts';
import type { SampleSource } from '../source.ts';
import { tableSource, UNCHECKED } from '../table-source.ts';
import { npyColumn } from './npy-column.ts';
import { LONGEST_HEADER, NPY_MAGIC, parseNpyHeader } from './npy-header.ts';

/** `numpy.save(images)`: one array, of images. */
export const npy: SampleFormat = {
  name: 'npy',
  signature: 'an array of NumPy, which begins with \\x93NUMPY',
  begins: (head) => Buffer.from(head.subarray(0, NPY_MAGIC.length)).toString('latin1') === NPY_MAGIC,
  open: openNpy,
};

async function openNpy(file: ByteSource): Promise<SampleSource> {
  const head = await readExactly(file, 0, Math.min(LONGEST_HEADER, file.size));
  const header = parseNpyHeader(file.name, 'it', head);
  const { type, shape, length } = header;
  if (typeof type === 'string') throw new UnusableFileError(file.name, undefined, `it ${type}`);
  const end = length + shape.reduce((product, size) => product * size, 1) * type.bytes;
  if (end !== file.size) {
    const problem = `its header asks for ${end} bytes, and it has ${file.size}: it is truncated or damaged`;
    throw new UnusableFileError(file.name, undefined, problem);
  }
  const array = {
    name: '0',
    shape,
    open: () => npyColumn(file.name, '0', header, (from, to, options) => readExactly(file, from, to, options)),
  };
  return tableSource({
    ...(await fittingColumns(file.name, [array], false)),
    name: file.name,
    named: false,
    passingCheck: () => UNCHECKED,
    whyUnchecked: () => 'an array of NumPy has no sums to check it by',
  });
}
