import { UnusableFileError } from '@cosmicai/payload';
import {
  elementsOf,
  toFloat32,
  type RowsOptions,
  type TableType,
  type TableValues,
  type ValueColumn,
} from '@cosmicai/torchfile';
import type { NpyHeader, NpyType } from './npy-header.ts';

/** The bytes of a `.npy` file. */
export type ReadBytes = (from: number, to: number, options: RowsOptions) => Promise<Uint8Array>;

/** Arrays in Fortran order have no rows that lie together: those of up to this are turned round in memory. */
export const MOST_TURNED = 256 * 1024 * 1024;

const TYPES = {
  f2: 'float32',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
} as const satisfies Readonly<Record<string, TableType>>;

/** An array as a column, or why it can't be one, as said after its name. */
export function npyColumn(file: string, name: string, header: NpyHeader, read: ReadBytes): ValueColumn | string {
  const { type, fortran, length } = header;
  if (typeof type === 'string') return type;
  const [count = 0, ...shape] = header.shape;
  const width = shape.reduce((product, size) => product * size, 1);
  const isText = type.kind === 'U' || type.kind === 'S';
  const elements = (bytes: Uint8Array) => (isText ? textsOf(file, name, bytes, type) : numbersOf(bytes, type));
  const column = { name, type: tableType(type), shape, rowBytes: isText ? Math.max(8, width * type.bytes) : width * 8 };
  if (!fortran || width === 1 || count <= 1) {
    const rowBytes = width * type.bytes;
    return {
      ...column,
      values: async (from, to, options) =>
        elements(await read(length + from * rowBytes, length + to * rowBytes, options)),
    };
  }
  const size = count * width * type.bytes;
  if (isText || size > MOST_TURNED) {
    const most = `${MOST_TURNED / 2 ** 20} MiB of numbers`;
    return `is in Fortran order, in which at most ${most} are read; save it with numpy.ascontiguousarray(...)`;
  }
  let all: Promise<Exclude<TableValues, readonly string[]>> | undefined;
  return {
    ...column,
    async values(from, to, options) {
      all ??= read(length, length + size, options).then((bytes) => inCOrder(numbersOf(bytes, type), count, shape));
      return (await all).slice(from * width, to * width);
    },
  };
}

function tableType({ kind, bytes }: NpyType): TableType {
  if (kind === 'U' || kind === 'S') return 'text';
  const found = Object.entries(TYPES).find(([name]) => name === `${kind}${bytes}`);
  if (found === undefined) throw new RangeError(`no type for ${kind}${bytes}`);
  return found[1];
}

function numbersOf(bytes: Uint8Array, { kind, bytes: size, order }: NpyType): Exclude<TableValues, readonly string[]> {
  if (kind === 'f' && size === 2) {
    return toFloat32({ dtype: 'float16', data: elementsOf(bytes, 'float16', order) });
  }
  const type = tableType({ kind, bytes: size, order });
  return elementsOf(bytes, type === 'text' ? 'uint8' : type, order);
}

function textsOf(file: string, name: string, bytes: Uint8Array, { kind, bytes: size, order }: NpyType): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = size === 0 ? 0 : bytes.byteLength / size;
  return Array.from({ length: count }, (_, place) => {
    const item = buffer.subarray(place * size, (place + 1) * size);
    if (kind === 'S') return item.toString('utf8').replace(/\0+$/, '');
    const points = Array.from({ length: size / 4 }, (__, at) =>
      order === 'little' ? item.readUInt32LE(4 * at) : item.readUInt32BE(4 * at),
    );
    if (points.some((point) => point > 0x10ffff))
      throw new UnusableFileError(file, undefined, `${name} holds text that is no Unicode: it is damaged`);
    return String.fromCodePoint(...points).replace(/\0+$/, '');
  });
}

/** An array whose first index changes fastest, as one whose last index does. */
function inCOrder<Values extends Exclude<TableValues, readonly string[]>>(
  values: Values,
  count: number,
  shape: readonly number[],
): Values {
  const ArrayType = values.constructor as new (length: number) => Values;
  const turned = new ArrayType(values.length);
  const width = values.length / count;
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, count));
  for (let place = 0; place < width; place += 1) {
    // Where in a row in C order the elements of this place are, last index first.
    let rest = place;
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const size = shape[axis] ?? 1;
      from += (rest % size) * (strides[axis] ?? 0);
      rest = Math.floor(rest / size);
    }
    for (let row = 0; row < count; row += 1) turned[row * width + place] = values[from + row] ?? 0;
  }
  return turned;
}
