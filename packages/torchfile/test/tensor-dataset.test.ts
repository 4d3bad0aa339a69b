import { buffer } from 'node:stream/consumers';
import { torchFile, type MadeTensor } from '../../../test/torch-files.ts';
import {
  bufferSource,
  MalformedTorchFileError,
  openPartition,
  openTorchFile,
  PickleWriter,
  readTensorDataset,
  torchFileStream,
  UnsupportedTorchFileError,
  type TensorData,
} from '../src/index.ts';

/** Images of a single pixel in two bands, with three numbers beside them. */
const spec = { image: { bands: ['u', 'g'], side: 1 }, features: ['a', 'b', 'c'] };
const EXPECTED =
  'expected TensorDataset(images [n,2,H,W], magnitudes [n,3], redshift [n] or [n,1]), all of a float type';
const SQUARE = 'square images of at least 1 x 1 pixels and as many of each tensor';

const float32 = (...shape: number[]): MadeTensor => ({ dtype: 'float32', shape });
const ints = (...shape: number[]): MadeTensor => ({ dtype: 'int64', shape });

async function open(tensors: readonly MadeTensor[]) {
  const storages = tensors.map(({ dtype, shape }, index): [string, TensorData] => {
    const length = shape.reduce((product, size) => product * size, 1);
    return [String(index), dtype === 'int64' ? new BigInt64Array(length) : new Float32Array(length)];
  });
  return await openPartition(bufferSource('1.pt', await torchFile(tensors, Object.fromEntries(storages))), { spec });
}

describe('the tensors of a partition', () => {
  it.each([
    ['a redshift each', [float32(4, 2, 1, 1), float32(4, 3), float32(4)]],
    ['a redshift in a row of its own', [float32(4, 2, 1, 1), float32(4, 3), float32(4, 1)]],
    ['larger images', [float32(4, 2, 3, 3), float32(4, 3), float32(4)]],
    ['no redshift', [float32(4, 2, 1, 1), float32(4, 3)]],
  ])('may have %s', async (_, tensors) => {
    expect(await open(tensors)).toMatchObject({ count: 4, imageShape: tensors[0]!.shape.slice(1) });
  });

  it.each<[MadeTensor[], string]>([
    [[], 'no tensors'],
    [[float32(4, 2, 1, 1)], 'float32 [4,2,1,1]'],
    [[ints(4, 2, 1, 1), float32(4, 3), float32(4)], 'int64 [4,2,1,1], float32 [4,3], float32 [4]'],
    [[float32(4, 2, 1, 1), ints(4, 3), float32(4)], 'float32 [4,2,1,1], int64 [4,3], float32 [4]'],
    [[float32(4, 2, 1, 1), float32(4, 3), ints(4)], 'float32 [4,2,1,1], float32 [4,3], int64 [4]'],
  ])('are three of a float type, not %j', async (tensors, found) => {
    const opening = open(tensors);
    await expect(opening).rejects.toBeInstanceOf(UnsupportedTorchFileError);
    await expect(opening).rejects.toThrow(`1.pt: ${EXPECTED}; found ${found}`);
  });

  it.each<[string, MadeTensor, MadeTensor, MadeTensor]>([
    ['no width', float32(4, 2, 1), float32(4, 3), float32(4)],
    ['a fifth axis', float32(4, 2, 1, 1, 1), float32(4, 3), float32(4)],
    ['another number of bands', float32(4, 3, 1, 1), float32(4, 3), float32(4)],
    ['oblong images', float32(4, 2, 1, 2), float32(4, 3), float32(4)],
    ['images without pixels', float32(4, 2, 0, 0), float32(4, 3), float32(4)],
    ['another number of features', float32(4, 2, 1, 1), float32(4, 2), float32(4)],
    ['features of fewer galaxies', float32(4, 2, 1, 1), float32(3, 3), float32(4)],
    ['one feature', float32(4, 2, 1, 1), float32(4), float32(4)],
    ['a third axis of features', float32(4, 2, 1, 1), float32(4, 3, 1), float32(4)],
    ['redshifts of fewer galaxies', float32(4, 2, 1, 1), float32(4, 3), float32(3)],
    ['two redshifts each', float32(4, 2, 1, 1), float32(4, 3), float32(4, 2)],
    ['redshifts in rows, of more galaxies', float32(4, 2, 1, 1), float32(4, 3), float32(5, 1)],
    ['a third axis of redshifts', float32(4, 2, 1, 1), float32(4, 3), float32(4, 1, 1)],
    ['one redshift for all', float32(4, 2, 1, 1), float32(4, 3), float32()],
  ])('may not have %s', async (_, ...tensors) => {
    const opening = open(tensors);
    const found = tensors.map(({ shape }) => `float32 [${shape.join(',')}]`).join(', ');
    await expect(opening).rejects.toBeInstanceOf(UnsupportedTorchFileError);
    await expect(opening).rejects.toThrow(`1.pt: ${EXPECTED}, ${SQUARE}; found ${found}`);
  });
});

describe('a saved TensorDataset', () => {
  const [EMPTY_TUPLE, NEWOBJ, EMPTY_DICT, BUILD, EMPTY_LIST, MARK, TUPLE, SETITEM, NONE] = [
    0x29, 0x81, 0x7d, 0x62, 0x5d, 0x28, 0x74, 0x73, 0x4e,
  ] as const;
  const dataset = () =>
    new PickleWriter().global('torch.utils.data.dataset', 'TensorDataset').opcode(EMPTY_TUPLE, NEWOBJ);

  const opened = async (pickle: PickleWriter) =>
    await openTorchFile(bufferSource('1.pt', await buffer(torchFileStream(pickle.finish(), []))));

  it.each<[string, PickleWriter]>([
    ['without a state', dataset()],
    ['with a state that is none', dataset().opcode(EMPTY_LIST, BUILD)],
    ['with an empty state', dataset().opcode(EMPTY_DICT, BUILD)],
    ['with tensors that are no list', dataset().opcode(EMPTY_DICT).text('tensors').opcode(NONE, SETITEM, BUILD)],
    ['with others only', dataset().opcode(EMPTY_DICT).text('others').opcode(EMPTY_TUPLE, SETITEM, BUILD)],
  ])('%s is damaged', async (_, pickle) => {
    const file = await opened(pickle);
    expect(() => readTensorDataset(file)).toThrow(MalformedTorchFileError);
    expect(() => readTensorDataset(file)).toThrow(/^1\.pt, byte \d+: a TensorDataset without tensors$/);
  });

  it('that holds something else than tensors is damaged', async () => {
    const pickle = dataset().opcode(EMPTY_DICT).text('tensors').opcode(MARK).text('words');
    const file = await opened(pickle.opcode(TUPLE, SETITEM, BUILD));
    expect(() => readTensorDataset(file)).toThrow(MalformedTorchFileError);
    expect(() => readTensorDataset(file)).toThrow(/^1\.pt, byte \d+: a TensorDataset that holds "words"$/);
  });

  it('may hold other things beside its tensors', async () => {
    const pickle = dataset().opcode(EMPTY_DICT).text('tensors').opcode(EMPTY_TUPLE, SETITEM);
    const file = await opened(pickle.text('others').opcode(NONE, SETITEM, BUILD));
    expect(readTensorDataset(file)).toEqual([]);
  });

  it('is what is asked for, and said to be', async () => {
    const file = await opened(new PickleWriter().opcode(EMPTY_LIST));
    expect(() => readTensorDataset(file)).toThrow(UnsupportedTorchFileError);
    expect(() => readTensorDataset(file)).toThrow('1.pt: expected a TensorDataset; found a list');
  });
});
