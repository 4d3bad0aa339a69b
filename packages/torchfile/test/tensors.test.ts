import { openTorchFile, readStateDict, toFloat32, toFloat64, UnsupportedTorchFileError } from '../src/index.ts';
import { counted, golden, goldenSource, sha256 } from './golden-files.ts';

async function openTensors(name: string) {
  const file = await openTorchFile(goldenSource(name));
  return { file, tensors: readStateDict(file).tensors };
}

describe('tensors', () => {
  const cases = Object.entries(golden.tensors['tensors.pt']!);

  it.each(cases)('reads %s as torch has it: type, shape, elements', async (name, expected) => {
    const { file, tensors } = await openTensors('tensors.pt');
    const tensor = await file.tensor(tensors.get(name)!);
    expect(tensor).toMatchObject({ dtype: expected.dtype, shape: expected.shape });
    expect(sha256(tensor.data)).toBe(expected.sha256);
  });

  it('shares storages as the file does, and keeps strides until a tensor is read', async () => {
    const { tensors } = await openTensors('tensors.pt');
    const [whole, view, transposed] = ['shared', 'shared.window', 'shared.transposed'].map((name) =>
      tensors.get(name)!,
    );
    expect(new Set([whole!.storage, view!.storage, transposed!.storage]).size).toBe(1);
    expect(view).toMatchObject({ shape: [4], strides: [2], offset: 2 });
    expect(transposed).toMatchObject({ shape: [4, 3], strides: [1, 4], offset: 0 });
  });

  it.each(['float16', 'bfloat16'] as const)('decodes %s, with subnormals, infinities and both zeros', async (dtype) => {
    const { file, tensors } = await openTensors('tensors.pt');
    const tensor = await file.tensor(tensors.get(dtype)!);
    const expected = golden.values[dtype].map((value) =>
      value === 'inf' ? Infinity : value === '-inf' ? -Infinity : value,
    );
    expect(Array.from(toFloat64(tensor))).toEqual(expected);
    expect(Array.from(toFloat32(tensor))).toEqual(expected.map((value) => Math.fround(value as number)));
  });

  it('gives float tensors of the wanted type without a copy', async () => {
    const { file, tensors } = await openTensors('tensors.pt');
    const single = await file.tensor(tensors.get('float32')!);
    const double = await file.tensor(tensors.get('float64')!);
    expect(toFloat32(single)).toBe(single.data);
    expect(toFloat64(double)).toBe(double.data);
  });

  it('accepts files whose writer left the CRC-32 out', async () => {
    const { file, tensors } = await openTensors('without-crc32.pt');
    expect((await file.tensor(tensors.get('a')!)).data).toEqual(Float32Array.of(0, 1, 2));
  });

  it('opens a state dict in few reads, not two for each entry', async () => {
    const source = counted(goldenSource('tensors.pt'));
    const file = await openTorchFile(source);
    for (const ref of readStateDict(file).tensors.values()) await file.tensor(ref);
    expect(source.reads).toHaveLength(1);
  });

  it.each([
    ['complex.pt', 'ComplexFloatStorage', 'convert the tensor to float32'],
    ['sparse.pt', '_rebuild_sparse_tensor', 'to_dense()'],
    ['negated.pt', 'with its neg bit set', 'tensor.resolve_neg().resolve_conj()'],
  ])('refuses %s and says what to do', async (name, what, advice) => {
    const file = await openTorchFile(goldenSource(name));
    expect(() => readStateDict(file)).toThrow(UnsupportedTorchFileError);
    expect(() => readStateDict(file)).toThrow(what);
    expect(() => readStateDict(file)).toThrow(advice);
  });
});
