import { fileStore } from '../packages/store/src/index.ts';
import { simulateSurvey } from '../packages/survey/src/index.ts';
import { writePartition, type PartitionBatch } from '../packages/torchfile/src/index.ts';
import { cast, integers, node, numbers, testModel } from './onnx-models.ts';

/** `z` of a test model above which these fail: no galaxy has it, unless its magnitudes are FAINT. */
const LIMIT = 0.4;
const FAINT = 60;

const BAD = [node('Greater', ['z', 'limit'], 'bad'), cast('int64', 'bad', 'index')];
const limit = numbers(LIMIT);

/** Models that do well on ordinary galaxies, and what they do where one is faint, or batches are longer than eight. */
export const LATE = {
  /** onnxruntime refuses an index. */
  outOfRange: testModel({
    answer: [...BAD, node('Gather', ['table', 'index'], 'looked_up'), node('Mul', ['z', 'looked_up'], 'redshift')],
    constants: { limit, table: numbers(1) },
  }),
  /** The faint are left out of the answer. */
  fewer: testModel({
    answer: [
      node('LessOrEqual', ['z', 'limit'], 'good'),
      node('Reshape', ['good', 'flat'], 'kept'),
      node('Compress', ['z', 'kept'], 'redshift', { axis: 0 }),
    ],
    constants: { limit, flat: integers(-1) },
  }),
  /** The answer is for the first eight. */
  firstEight: testModel({
    answer: [node('Slice', ['z', 'start', 'end'], 'redshift')],
    constants: { start: integers(0), end: integers(8) },
  }),
  /** NaN for the faint. */
  notANumber: testModel({
    answer: [
      node('Sub', ['limit', 'z'], 'depth'),
      node('Sqrt', ['depth'], 'root'),
      node('Sub', ['root', 'root'], 'nought'),
      node('Add', ['z', 'nought'], 'redshift'),
    ],
    constants: { limit },
  }),
} as const;

/** A forward pass of 32 galaxies takes a good part of a second. */
export const SLOW = testModel({
  answer: [
    ...Array.from({ length: 200 }, (_, index) =>
      node('Sin', [index === 0 ? 'image' : `sin${index}`], `sin${index + 1}`),
    ),
    node('Flatten', ['sin200'], 'rows', { axis: 1 }),
    node('ReduceMean', ['rows'], 'mean', { axes: [1], keepdims: 1 }),
    node('Add', ['z', 'mean'], 'redshift'),
  ],
});

const DIFFERENT = 50;

/** Writes 2,000 galaxies, the same few again and again, of which those with these indices are faint. */
export async function writeGalaxies(folder: string, key: string, faint: readonly number[]): Promise<void> {
  const [galaxies] = simulateSurvey({ count: DIFFERENT, seed: 3 });
  if (galaxies === undefined) throw new Error('no galaxies');
  const batches = Array.from({ length: 2000 / DIFFERENT }, (_, index): PartitionBatch => {
    const from = index * DIFFERENT;
    const magnitudes = galaxies.magnitudes.slice();
    for (const at of faint.filter((one) => one >= from && one < from + DIFFERENT))
      magnitudes.fill(FAINT, (at - from) * 5, (at - from + 1) * 5);
    return { ...galaxies, from, magnitudes };
  });
  await writePartition(fileStore(folder), key, { count: 2000 }, batches);
}
