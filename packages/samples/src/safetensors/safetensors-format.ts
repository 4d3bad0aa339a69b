import { UnusableFileError } from '@cosmicai/payload';
import type { ByteSource } from '@cosmicai/store';
import {
  elementsOf,
  fittingColumns,
  readExactly,
  toFloat32,
  type DType,
  type SavedArray,
  type TableType,
} from '@cosmicai/torchfile';
import type { SampleFormat } from '../format.ts';
import type { SampleSource } from '../source.ts';
import { tableSource, UNCHECKED } from '../table-source.ts';

/** `safetensors.torch.save_file({"image": …, "redshift": …}, file)`: tensors by name. */
export const safetensors: SampleFormat = {
  name: 'safetensors',
  signature: 'a safetensors file, which begins with the length of its header and {"',
  begins: (head) => /^[^]{4}\0{4}\{["}]/.test(Buffer.from(head.subarray(0, 16)).toString('latin1')),
  open: openSafetensors,
};

/** The format allows 100 MB; a header of a million tensors has less. */
export const LONGEST_HEADER = 16 * 1024 * 1024;
const MOST_TENSORS = 100_000;
const LENGTH_BYTES = 8;

const DTYPES: Readonly<Record<string, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
};
const BYTES: Readonly<Record<string, number>> = { 64: 8, 32: 4, 16: 2, 8: 1 };

interface Tensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [from: number, to: number];
}

async function openSafetensors(file: ByteSource): Promise<SampleSource> {
  const { tensors, start } = await readHeader(file);
  const arrays = tensors.map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from],
      },
    ]): SavedArray => ({
      name,
      shape,
      open() {
        const type = DTYPES[dtype];
        if (type === undefined) return `is of ${dtype}, which is not read; save it as float32`;
        const row = shape.slice(1);
        const width = row.reduce((product, axis) => product * axis, 1);
        const rowBytes = width * itemBytes(dtype);
        const handedOut: TableType = type === 'float16' || type === 'bfloat16' ? 'float32' : type;
        return {
          name,
          type: handedOut,
          shape: row,
          rowBytes: width * 8,
          async values(first, last, options) {
            const at = start + from;
            const bytes = await readExactly(file, at + first * rowBytes, at + last * rowBytes, options);
            const data = elementsOf(bytes, type, 'little');
            return type === handedOut ? data : toFloat32({ dtype: type, data });
          },
        };
      },
    }),
  );
  return tableSource({
    ...(await fittingColumns(file.name, arrays, true)),
    name: file.name,
    named: true,
    passingCheck: () => UNCHECKED,
    whyUnchecked: () => 'a safetensors file has no sums to check it by',
  });
}

/** @throws UnusableFileError when the header is none, or its tensors don't fill the rest of the file one after the other */
async function readHeader(file: ByteSource): Promise<{ readonly tensors: [string, Tensor][]; readonly start: number }> {
  const refuse = (why: string) => new UnusableFileError(file.name, undefined, `damaged safetensors file: ${why}`);
  if (file.size < LENGTH_BYTES + 2) throw refuse('it ends within its header');
  const first = await readExactly(file, 0, LENGTH_BYTES);
  const length = Number(new DataView(first.buffer, first.byteOffset, LENGTH_BYTES).getBigUint64(0, true));
  if (length > LONGEST_HEADER) throw refuse(`a header of ${length} bytes, and at most ${LONGEST_HEADER} are read`);
  const start = LENGTH_BYTES + length;
  if (start > file.size) throw refuse(`a header of ${length} bytes, and the file has ${file.size}: it is truncated`);
  const bytes = await readExactly(file, LENGTH_BYTES, start);
  const parsed = jsonOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null) throw refuse('its header is not valid JSON');
  const { __metadata__: _, ...named } = parsed as Readonly<Record<string, unknown>>;
  const tensors = Object.entries(named).map(([name, value]): [string, Tensor] => {
    const tensor = tensorOf(value);
    if (tensor === undefined) throw refuse(`its header says no type, shape and offsets of ${JSON.stringify(name)}`);
    return [name, tensor];
  });
  if (tensors.length > MOST_TENSORS) throw refuse(`${tensors.length} tensors, and at most ${MOST_TENSORS} are read`);
  let end = 0;
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [from, to],
    },
  ] of tensors.toSorted(
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  )) {
    if (from !== end) throw refuse(`${name} begins at ${from}, and the tensor before it ends at ${end}`);
    const needed = shape.reduce((product, axis) => product * axis, 1) * itemBytes(dtype);
    if (to - from !== needed && DTYPES[dtype] !== undefined)
      throw refuse(`${name} has ${to - from} bytes, and ${dtype} [${shape.join(', ')}] takes ${needed}`);
    end = to;
  }
  if (start + end !== file.size) throw refuse(`its tensors end at byte ${start + end}, and it has ${file.size}`);
  return { tensors, start };
}

function itemBytes(dtype: string): number {
  return dtype === 'BOOL' ? 1 : (BYTES[/\d+$/.exec(dtype)?.[0] ?? ''] ?? 1);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const MOST_AXES = 64;

function tensorOf(value: unknown): Tensor | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { dtype, shape, data_offsets: offsets } = value as Readonly<Record<keyof Tensor, unknown>>;
  if (typeof dtype !== 'string' || !isSizes(shape) || shape.length > MOST_AXES || !isSizes(offsets)) return undefined;
  const [from, to, ...more] = offsets;
  if (from === undefined || to === undefined || more.length > 0 || from > to) return undefined;
  return { dtype, shape, data_offsets: [from, to] };
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
