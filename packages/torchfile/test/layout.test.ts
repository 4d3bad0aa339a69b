import fc from 'fast-check';
import {
  asTensorRef,
  bufferSource,
  MalformedTorchFileError,
  toFloat32,
  toFloat64,
  UnsupportedTorchFileError,
  type CallNode,
  type DType,
  type PickleNode,
} from '../src/index.ts';
import { readByteOrder } from '../src/byte-order.ts';
import { elementsOf, littleEndianBytes } from '../src/tensor/bytes.ts';
import { dtypeOfStorage, DTYPES, isDType, isFloat, itemBytes } from '../src/tensor/dtype.ts';
import { fromBfloat16, fromFloat16 } from '../src/tensor/float16.ts';
import { contiguousStrides, countOf, gather, isContiguous, spanOf, walk } from '../src/tensor/layout.ts';
import { torchFileStream } from '../src/write/torch-file-stream.ts';
import { Checksums } from '../src/zip/checksums.ts';
import { readZipDirectory } from '../src/zip/directory.ts';
import { collect } from './golden-files.ts';

const NAMES = Object.keys(DTYPES) as DType[];

/** Elements in C order by their axes, as one would write it down. */
function places(shape: readonly number[], strides: readonly number[], offset: number): number[] {
  const [size, ...others] = shape;
  if (size === undefined) return [offset];
  return Array.from({ length: size }, (_, k) => places(others, strides.slice(1), offset + k * strides[0]!)).flat();
}

describe('a layout', () => {
  const axes = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 7 })), { maxLength: 4 });

  it('visits its elements in C order, and spans from the first to the last', () => {
    fc.assert(
      fc.property(axes, fc.nat(5), (drawn, offset) => {
        const [shape, strides] = [drawn.map(([size]) => size), drawn.map(([, stride]) => stride)];
        const expected = places(shape, strides, offset);
        const visited: [number, number][] = [];
        walk({ shape, strides, offset }, (...at) => visited.push(at));
        expect(visited).toEqual(expected.map((source, position) => [source, position]));
        expect(countOf(shape)).toBe(expected.length);
        expect(spanOf({ shape, strides })).toBe(expected.length === 0 ? 0 : Math.max(...expected) - offset + 1);
        const data = Float32Array.from({ length: 60 }, (_, k) => k);
        expect([...gather(data, { shape, strides, offset })]).toEqual(expected);
        expect(isContiguous({ shape, strides })).toBe(expected.every((source, k) => source - offset === k));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('has dense strides where it has no gaps', () => {
    expect([[], [5], [2, 3], [4, 2, 3], [2, 0, 3]].map(contiguousStrides)).toEqual([
      [],
      [1],
      [3, 1],
      [6, 3, 1],
      [0, 3, 1],
    ]);
    expect(gather(BigInt64Array.of(1n, 2n), { shape: [2], strides: [0], offset: 1 })).toEqual(BigInt64Array.of(2n, 2n));
  });
});

describe('element types', () => {
  it('have their sizes, classes and storages', () => {
    expect(NAMES.map((name) => [name, itemBytes(name), DTYPES[name].array.name, DTYPES[name].storage])).toEqual([
      ['float64', 8, 'Float64Array', 'DoubleStorage'],
      ['float32', 4, 'Float32Array', 'FloatStorage'],
      ['float16', 2, 'Uint16Array', 'HalfStorage'],
      ['bfloat16', 2, 'Uint16Array', 'BFloat16Storage'],
      ['int64', 8, 'BigInt64Array', 'LongStorage'],
      ['int32', 4, 'Int32Array', 'IntStorage'],
      ['int16', 2, 'Int16Array', 'ShortStorage'],
      ['int8', 1, 'Int8Array', 'CharStorage'],
      ['uint64', 8, 'BigUint64Array', undefined],
      ['uint32', 4, 'Uint32Array', undefined],
      ['uint16', 2, 'Uint16Array', undefined],
      ['uint8', 1, 'Uint8Array', 'ByteStorage'],
      ['bool', 1, 'Uint8Array', 'BoolStorage'],
    ]);
    for (const name of NAMES) {
      const { storage } = DTYPES[name];
      if (storage !== undefined) expect(dtypeOfStorage(storage)).toBe(name);
    }
    expect(dtypeOfStorage('ComplexFloatStorage')).toBeUndefined();
    expect(NAMES.filter(isFloat)).toEqual(['float64', 'float32', 'float16', 'bfloat16']);
    expect([isDType('float32'), isDType('constructor'), isDType('')]).toEqual([true, false, false]);
  });

  it.each(NAMES)('%s come from bytes of either order, also where they lie askew', (dtype) => {
    const size = itemBytes(dtype);
    const plain = Uint8Array.from({ length: 3 * size + 1 }, (_, k) => k + 1);
    const swapped = (bytes: Uint8Array) =>
      Buffer.concat([0, 1, 2].map((k) => Buffer.from(bytes.subarray(k * size, (k + 1) * size)).reverse()));
    const read = (bytes: Uint8Array, order: 'little' | 'big') => elementsOf(bytes, dtype, order);
    const aligned = plain.slice(0, 3 * size);
    const expected = new DTYPES[dtype].array(aligned.buffer, 0, 3);

    expect(read(aligned, 'little')).toEqual(expected);
    expect(read(aligned, 'little').buffer).toBe(aligned.buffer);
    expect(read(plain.subarray(1), 'little')).toEqual(read(plain.slice(1), 'little'));
    const before = Buffer.from(swapped(aligned));
    expect(read(before, 'big')).toEqual(expected);
    expect(before).toEqual(swapped(aligned));
    expect(littleEndianBytes(expected)).toEqual(aligned);
  });

  it('of half precision have the values of IEEE 754', () => {
    expect(
      [0x0000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0x3c01, 0x7bff, 0x7c00, 0xfc00, 0xc000, 0x8001].map(fromFloat16),
    ).toEqual([0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, 1 + 2 ** -10, 65_504, Infinity, -Infinity, -2, -(2 ** -24)]);
    expect(fromFloat16(0x8000)).toBe(-0);
    expect([fromFloat16(0x7c01), fromFloat16(0xfe00)]).toEqual([NaN, NaN]);
    expect([0x3f80, 0xc040, 0x0001, 0x7f80].map(fromBfloat16)).toEqual([1, -3, 2 ** -133, Infinity]);
  });

  it('become numbers of the wanted precision', () => {
    expect(toFloat64({ dtype: 'int64', data: BigInt64Array.of(-5n, 2n ** 60n) })).toEqual(Float64Array.of(-5, 2 ** 60));
    expect(toFloat32({ dtype: 'float64', data: Float64Array.of(0.1) })).toEqual(Float32Array.of(0.1));
    expect(toFloat64({ dtype: 'float32', data: Float32Array.of(0.5, 2) })).toEqual(Float64Array.of(0.5, 2));
    expect(toFloat32({ dtype: 'float16', data: Uint16Array.of(0x3c00) })).toEqual(Float32Array.of(1));
    expect(toFloat64({ dtype: 'bfloat16', data: Uint16Array.of(0x3f80) })).toEqual(Float64Array.of(1));
    expect(toFloat64({ dtype: 'uint16', data: Uint16Array.of(0x3c00) })).toEqual(Float64Array.of(0x3c00));
  });
});

describe('the description of a tensor', () => {
  const global = (module: string, name: string) => ({ kind: 'global', module, name }) as const;
  const tuple = (...items: PickleNode[]): PickleNode => ({ kind: 'tuple', items });
  const call = (name: string, ...args: PickleNode[]): CallNode => ({
    kind: 'call',
    callee: global(name.slice(0, name.lastIndexOf('.')), name.slice(name.lastIndexOf('.') + 1)),
    args,
    at: 77,
    entries: [],
    items: [],
    state: undefined,
  });
  const storage = (
    elements: PickleNode,
    type = global('torch', 'FloatStorage'),
    name: PickleNode = '0',
  ): PickleNode => ({
    kind: 'persistent',
    id: tuple('storage', type, name, 'cuda:0', elements),
    at: 7,
  });
  const V2 = 'torch._utils._rebuild_tensor_v2';
  const plain = call(V2, storage(6), 0, tuple(2, 3), tuple(3, 1));
  const read = (node: PickleNode | undefined) => asTensorRef('t.pt', node);
  const ref = {
    kind: 'tensor',
    dtype: 'float32',
    shape: [2, 3],
    strides: [3, 1],
    offset: 0,
    storage: '0',
    location: 'cuda:0',
    at: 77,
  };

  it('is read whatever torch wraps around it', () => {
    expect(read(plain)).toEqual(ref);
    expect(read({ ...plain, callee: global('torch._utils', '_rebuild_tensor') })).toEqual(ref);
    for (const name of ['_rebuild_parameter', '_rebuild_parameter_with_state'])
      expect(read(call(`torch._utils.${name}`, plain, true))).toEqual(ref);
    expect(read(call('torch._tensor._rebuild_from_type_v2', plain.callee, null, tuple(...plain.args), null))).toEqual(
      ref,
    );
    const typed = (dtype: PickleNode) =>
      call(
        'torch._utils._rebuild_tensor_v3',
        storage(24, global('torch.storage', 'UntypedStorage')),
        0,
        tuple(2, 3),
        tuple(3, 1),
        false,
        null,
        dtype,
      );
    expect(read(typed(global('torch', 'uint32')))).toEqual({ ...ref, dtype: 'uint32' });
    expect(() => read(typed(global('torch', 'complex64')))).toThrow(
      new UnsupportedTorchFileError(
        't.pt',
        77,
        "elements of type torch.complex64 can't be read; convert the tensor to float32 before torch.save",
      ),
    );
    expect(() => read(typed(global('numpy', 'uint32')))).toThrow('elements of type numpy.uint32');
    expect(() => read(typed(7))).toThrow('elements of type 7');
    const noPlace = call(
      V2,
      { kind: 'persistent', id: tuple('storage', global('torch', 'FloatStorage'), '0', null, 6), at: 1 },
      0,
      tuple(),
      tuple(),
    );
    expect(read(noPlace)).toMatchObject({ location: '', shape: [] });
  });

  it('is none of other things', () => {
    for (const none of [undefined, null, 7, tuple(), global('torch', 'Tensor'), call('os.system', 'true')])
      expect(read(none)).toBeUndefined();
  });

  it('may be wrapped four times', () => {
    const wrapped = (times: number): PickleNode =>
      times === 0 ? plain : call('torch._utils._rebuild_parameter', wrapped(times - 1));
    expect(read(wrapped(4))).toEqual(ref);
    expect(() => read(wrapped(5))).toThrow('damaged pickle: a parameter of a torch._utils._rebuild_tensor_v2');
    const typed = (times: number): CallNode => {
      if (times === 0) return plain;
      const inner = typed(times - 1);
      return call('torch._tensor._rebuild_from_type_v2', inner.callee, null, tuple(...inner.args), null);
    };
    expect(read(typed(4))).toEqual(ref);
    expect(() => read(typed(5))).toThrow('a tensor subclass without its tensor');
  });

  it.each<[string, PickleNode, string]>([
    ['a parameter of nothing', call('torch._utils._rebuild_parameter'), 'a parameter of nothing'],
    ['a parameter of text', call('torch._utils._rebuild_parameter', 'a'), 'a parameter of "a"'],
    [
      'a subclass of no function',
      call('torch._tensor._rebuild_from_type_v2', 7, null, tuple()),
      'a tensor subclass without its tensor',
    ],
    [
      'a subclass without arguments',
      call('torch._tensor._rebuild_from_type_v2', global('a', 'b'), null, 7),
      'a tensor subclass without its tensor',
    ],
    [
      'a subclass of something else',
      call('torch._tensor._rebuild_from_type_v2', global('a', 'b'), null, tuple()),
      'a tensor subclass of a.b',
    ],
    ['a tensor over text', call(V2, 'a', 0, tuple(), tuple()), 'a tensor over "a", not over a storage'],
    ['a tensor over null', call(V2, null, 0, tuple(), tuple()), 'a tensor over None, not over a storage'],
    [
      'a tensor over a list',
      call(V2, { kind: 'list', items: [] }, 0, tuple(), tuple()),
      'a tensor over a list, not over a storage',
    ],
    [
      'a tensor over bytes',
      call(V2, new Uint8Array(2), 0, tuple(), tuple()),
      'a tensor over 2 bytes, not over a storage',
    ],
    [
      'a storage by another tag',
      call(
        V2,
        { kind: 'persistent', id: tuple('module', global('torch', 'FloatStorage'), '0', 'cpu', 6), at: 1 },
        0,
        tuple(),
        tuple(),
      ),
      'a tensor over a storage, not',
    ],
    [
      'a storage without an id',
      call(V2, { kind: 'persistent', id: 7, at: 1 }, 0, tuple(), tuple()),
      'a tensor over a storage, not',
    ],
    [
      'a storage without a class',
      call(V2, { kind: 'persistent', id: tuple('storage', 7, '0', 'cpu', 6), at: 1 }, 0, tuple(), tuple()),
      'a tensor over a storage, not',
    ],
    [
      'a storage without a name',
      call(V2, storage(6, global('torch', 'FloatStorage'), 0), 0, tuple(), tuple()),
      'a tensor over a storage, not',
    ],
    ['a storage of -1 elements', call(V2, storage(-1), 0, tuple(), tuple()), 'a tensor over a storage, not'],
    [
      'a storage named by a path',
      call(V2, storage(6, global('torch', 'FloatStorage'), 'a/b'), 0, tuple(), tuple()),
      'a storage named "a/b"',
    ],
    [
      'a storage named after a path',
      call(V2, storage(6, global('torch', 'FloatStorage'), '/a'), 0, tuple(), tuple()),
      'a storage named "/a"',
    ],
    [
      'a storage without letters',
      call(V2, storage(6, global('torch', 'FloatStorage'), ''), 0, tuple(), tuple()),
      'a storage named ""',
    ],
    ['a shape of text', call(V2, storage(6), 0, tuple('a'), tuple(1)), 'a tensor whose shape is a tuple'],
    ['a shape below zero', call(V2, storage(6), 0, tuple(-1), tuple(1)), 'a tensor whose shape is a tuple'],
    ['a shape of halves', call(V2, storage(6), 0, tuple(0.5), tuple(1)), 'a tensor whose shape is a tuple'],
    ['no shape', call(V2, storage(6), 0), 'a tensor whose shape is nothing'],
    ['strides of text', call(V2, storage(6), 0, tuple(1), tuple('a')), 'a tensor whose strides is a tuple'],
    [
      'more axes than torch knows',
      call(V2, storage(6), 0, tuple(...Array<number>(65).fill(1)), tuple(...Array<number>(65).fill(1))),
      'a tensor whose shape is a tuple',
    ],
    [
      'shape and strides of different length',
      call(V2, storage(6), 0, tuple(2), tuple(1, 1)),
      'shape and strides of different length',
    ],
    ['an offset below zero', call(V2, storage(6), -1, tuple(2), tuple(1)), 'a tensor at offset -1'],
    [
      'a product that overflows',
      call(V2, storage(6), 0, tuple(2 ** 30, 2 ** 30), tuple(0, 0)),
      'a tensor of shape [1073741824, 1073741824]',
    ],
    [
      'a span that overflows',
      call(V2, storage(6), 0, tuple(2, 2), tuple(2 ** 52, 2 ** 52)),
      'a tensor of shape [2, 2]',
    ],
    [
      'an offset that overflows',
      call(V2, storage(6), Number.MAX_SAFE_INTEGER, tuple(1), tuple(1)),
      'a tensor of shape [1]',
    ],
    [
      'a tensor beyond its storage',
      call(V2, storage(6), 1, tuple(2, 3), tuple(3, 1)),
      'a tensor of shape [2, 3] in a storage of 6 elements',
    ],
  ])('is refused as %s', (_, node, problem) => {
    expect(() => read(node)).toThrow(MalformedTorchFileError);
    expect(() => read(node)).toThrow(`t.pt, byte 77: damaged pickle: ${problem}`);
  });

  it('may have as many axes as torch knows, and be empty wherever it begins', () => {
    const ones = Array<number>(64).fill(1);
    expect(read(call(V2, storage(6), 0, tuple(...ones), tuple(...ones)))!.shape).toEqual(ones);
    expect(read(call(V2, storage(6), 99, tuple(0), tuple(1)))).toMatchObject({ shape: [0], offset: 99 });
    expect(read(call(V2, storage(6), 0, { kind: 'list', items: [6] }, tuple(1)))).toMatchObject({ shape: [6] });
  });

  it('is refused where its elements can’t be read, with what to do', () => {
    const of = (type: PickleNode & object) =>
      call(V2, storage(6, type as ReturnType<typeof global>), 0, tuple(1), tuple(1));
    for (const [type, name] of [
      [global('torch', 'QUInt8Storage'), 'torch.QUInt8Storage'],
      [global('other', 'FloatStorage'), 'other.FloatStorage'],
    ] as const)
      expect(() => read(of(type))).toThrow(
        new UnsupportedTorchFileError(
          't.pt',
          77,
          `storage of type ${name} can't be read; convert the tensor to float32 before torch.save`,
        ),
      );
    expect(() => read(call('torch._utils._rebuild_sparse_tensor'))).toThrow(
      new UnsupportedTorchFileError(
        't.pt',
        77,
        "a tensor made by torch._utils._rebuild_sparse_tensor (sparse, quantised or of another device) can't be read; save a dense tensor: tensor.detach().cpu().to_dense()",
      ),
    );
  });

  it('may be expanded to a million elements, or to as many as are stored', () => {
    const expanded = (count: number, stored: number) => read(call(V2, storage(stored), 0, tuple(count), tuple(0)));
    expect(expanded(1_000_000, 1)!.shape).toEqual([1_000_000]);
    expect(expanded(1_000_001, 1_000_001)!.shape).toEqual([1_000_001]);
    expect(() => expanded(1_000_001, 1)).toThrow(
      new UnsupportedTorchFileError(
        't.pt',
        77,
        'an expanded tensor of shape [1000001] over 1 stored elements; save a smaller or a dense one',
      ),
    );
  });
});

describe('the byte order of a file', () => {
  /** What a file with this entry in it says. */
  async function orderOf(text: string | undefined, change: (bytes: Buffer) => void = () => undefined) {
    const bytes = await collect(torchFileStream(new Uint8Array(100), []));
    const name = bytes.indexOf('archive/byteorder');
    const start = name + 17 + bytes.readUInt16LE(name - 2);
    if (text !== undefined) bytes.write(text.padEnd(6), start, 'latin1');
    change(bytes);
    const source = bufferSource('b.pt', bytes);
    const entries = await readZipDirectory(source, 100);
    return readByteOrder(source, entries, 'archive', new Checksums(source, entries.values(), false));
  }
  const directoryName = (bytes: Buffer) => bytes.lastIndexOf('archive/byteorder');

  it('is what its entry says', async () => {
    expect(await orderOf(undefined)).toBe('little');
    expect(await orderOf('big')).toBe('big');
    await expect(orderOf('BIG')).rejects.toThrow(/^b\.pt, byte \d+: byte order "BIG"; expected little or big$/);
  });

  it('is little where no entry says it', async () => {
    const nameless = (bytes: Buffer) => {
      bytes.write('archive/byteOrder', directoryName(bytes));
      bytes.write('archive/byteOrder', bytes.indexOf('archive/byteorder'));
    };
    expect(await orderOf('big', nameless)).toBe('little');
  });

  it('is refused where only the directory lost the name of its entry', async () => {
    await expect(
      orderOf('big', (bytes) => void bytes.write('archive/byteOrder', directoryName(bytes))),
    ).rejects.toThrow(
      /^b\.pt, byte \d+: damaged zip: its directory has an entry "archive\/byteOrder" that calls itself "archive\/byteorder"$/,
    );
  });
});
