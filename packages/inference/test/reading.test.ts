import { ASTROMAE } from '@cosmicai/payload';
import { bufferSource, piecesOf, type ByteSource } from '@cosmicai/store';
import { partitionStream } from '@cosmicai/torchfile';
import { predictSource } from '../src/index.ts';
import type { Predictor } from '../src/predictor.ts';

const GALAXIES = 1000;
const AT_ONCE = 500;

/** A partition of 20 MB. */
async function partition(): Promise<Uint8Array> {
  const batch = {
    count: AT_ONCE,
    images: new Float32Array(AT_ONCE * 5 * 32 * 32),
    magnitudes: new Float64Array(AT_ONCE * 5),
    redshift: new Float64Array(AT_ONCE),
  };
  const batches = Array.from({ length: GALAXIES / AT_ONCE }, (_, at) => ({ ...batch, from: at * AT_ONCE }));
  const parts: Uint8Array[] = [];
  for await (const part of partitionStream({ count: GALAXIES }, batches)) parts.push(part);
  return Buffer.concat(parts);
}

const predictor: Pick<Predictor, 'workers' | 'contract' | 'predict'> = {
  workers: 2,
  contract: {
    batch: null,
    spec: ASTROMAE,
    image: { name: 'image', type: 'float32' },
    magnitudes: null,
    answer: { outputs: [{ name: 'redshift', type: 'float32', values: 1 }], width: 1 },
  },
  predict: async ({ count }) => new Float32Array(count),
};

describe('a partition that is predicted', () => {
  it('is asked for as often whatever the batch size, with the same answers', async () => {
    const bytes = await partition();
    for (const batchSize of [1, 32, 512]) {
      const ranges: [number, number][] = [];
      const source = bufferSource('20 MB', bytes);
      const counted: ByteSource = { ...source, read: (from, to) => (ranges.push([from, to]), source.read(from, to)) };
      const model = { predictor: predictor as Predictor, trained: undefined };
      const { count, unchecked } = await predictSource(counted, model, { batchSize, checkCrc: true });
      expect({ count, unchecked }).toEqual({ count: GALAXIES, unchecked: undefined });
      expect(ranges).toHaveLength(piecesOf(bytes.length));
    }
  });

  it('is read no further where its galaxies can’t be predicted', async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const source = bufferSource('20 MB', await partition());
    const watched: ByteSource = {
      ...source,
      read: (...range) => (signals.push(range[2]?.signal), source.read(...range)),
    };
    const failing = { ...predictor, predict: () => Promise.reject(new Error('no memory')) };
    const model = { predictor: failing as unknown as Predictor, trained: undefined };
    await expect(predictSource(watched, model, { batchSize: 32, checkCrc: true })).rejects.toThrow('no memory');
    expect(signals.length).toBeGreaterThan(1);
    expect(signals.every((signal) => signal?.aborted)).toBe(true);
    expect((signals[0]?.reason as Error).message).toBe('the reader of the file stopped early');
  });
});
