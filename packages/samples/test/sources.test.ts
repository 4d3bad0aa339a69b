import type { ModelSpec } from '@cosmicai/payload';
import { buffer } from 'node:stream/consumers';
import { bufferSource } from '@cosmicai/store';
import { stateDictStream } from '@cosmicai/torchfile';
import { describeSampleSource, type SourceFixture } from '../src/conformance.ts';
import { openSamples, type ColumnValues, type SampleColumn } from '../src/index.ts';
import { memorySource } from './memory-source.ts';
import { galaxies, partitionBytes } from './partitions.ts';

const COUNT = 10;

function torchFixture(spec?: ModelSpec): SourceFixture {
  const batch = galaxies(COUNT, spec);
  const bytes = () => partitionBytes(batch, spec);
  return {
    open: async () => openSamples(bufferSource('1.pt', await bytes())),
    async openDamaged() {
      const damaged = Uint8Array.from(await bytes());
      // Amid the images, which are most of the file.
      const middle = damaged.length >> 1;
      damaged[middle] = (damaged[middle] ?? 0) ^ 1;
      return openSamples(bufferSource('1.pt', damaged));
    },
    content: new Map<string, ColumnValues>([
      ['0', batch.images],
      ['1', batch.magnitudes],
      ['2', batch.redshift],
    ]),
    file: { bytes, format: 'torch' },
  };
}

describeSampleSource('a torch partition', torchFixture());

describeSampleSource(
  'a torch partition of other bands',
  torchFixture({ image: { bands: ['g', 'r', 'i'], side: 24 }, features: ['g', 'g-r', 'r-i'], truth: 'z' }),
);

const IDS = BigInt64Array.from({ length: COUNT }, (_, at) => 2n ** 60n - BigInt(at));

/** Without truth, and with names: a dict says itself what is what. */
describeSampleSource('a torch dict of unlabelled galaxies with names', {
  open: async () => openSamples(bufferSource('1.pt', await unlabelledBytes())),
  content: new Map<string, ColumnValues>([
    ['images', galaxies(COUNT).images],
    ['magnitudes', galaxies(COUNT).magnitudes],
    ['id', IDS],
  ]),
  file: { bytes: unlabelledBytes, format: 'torch' },
});

async function unlabelledBytes(): Promise<Uint8Array> {
  const { images, magnitudes } = galaxies(COUNT);
  return await buffer(
    stateDictStream({
      images: { dtype: 'float32', shape: [COUNT, 5, 32, 32], data: images },
      magnitudes: { dtype: 'float64', shape: [COUNT, 5], data: magnitudes },
      id: { dtype: 'int64', shape: [COUNT], data: IDS },
    }),
  );
}

/** Three bands of integers, no magnitudes, no truth, and names of objects in two types. */
const IN_MEMORY: readonly (readonly [SampleColumn, ColumnValues])[] = [
  [
    { name: 'cutout', type: 'uint8', shape: [3, 4, 4], parts: ['g', 'r', 'i'] },
    Uint8Array.from({ length: COUNT * 48 }, (_, at) => at),
  ],
  [
    { name: 'object_id', type: 'int64', shape: [] },
    BigInt64Array.from({ length: COUNT }, (_, at) => -(2n ** 62n) + BigInt(at)),
  ],
  [{ name: 'field', type: 'text', shape: [] }, Array.from({ length: COUNT }, (_, at) => `tract ${at}`)],
  [
    { name: 'ra', type: 'float64', shape: [] },
    Float64Array.from({ length: COUNT }, (_, at) => (at === 3 ? NaN : at / 7)),
  ],
];

describeSampleSource('memory', {
  open: () => Promise.resolve(memorySource('memory', COUNT, IN_MEMORY)),
  content: new Map(IN_MEMORY.map(([{ name }, values]) => [name, values])),
});
