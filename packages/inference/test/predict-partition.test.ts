import { EnvironmentError, QUALITY_FLAGS, UserInputError } from '@cosmicai/payload';
import type { BatchesOptions, Galaxies, GalaxySource } from '@cosmicai/samples';
import { bufferSource } from '@cosmicai/store';
import { partitionStream } from '@cosmicai/torchfile';
import { withSums } from '../../../test/torch-files.ts';
import { ModelFailure } from '../src/errors.ts';
import { predictPartition, type PredictedSamples, type PredictPartitionOptions } from '../src/predict-partition.ts';
import { predictSource, type PredictSourceOptions } from '../src/predict-source.ts';
import type { Predictor, Samples } from '../src/predictor.ts';
import { PartitionChecks } from '../src/quality/partition-checks.ts';
import { CONTRACT, isOpen, now, rest } from './support/scripted-thread.ts';

/** Galaxies that nobody takes exception to: galaxy k has the redshift (k + 1) / 1000. */
function galaxies(from: number, count: number, side = 2): Galaxies {
  return {
    from,
    count,
    images: Float32Array.from({ length: count * 5 * side ** 2 }, (_, at) => ((from + at) * 7) % 11),
    magnitudes: Float64Array.from({ length: count * 5 }, (_, at) => 17 - (at % 5)),
    redshift: Float64Array.from({ length: count }, (_, at) => (from + at + 1) / 1000),
  };
}

/** A file in memory, and what was asked of it and handed out. */
function sourceOf(count: number, side?: number) {
  const asked: BatchesOptions[] = [];
  const read: number[] = [];
  const source: GalaxySource = {
    name: 'a.pt',
    count,
    taken: [],
    carries: [],
    unchecked: () => undefined,
    read: (from, to) => Promise.resolve(galaxies(from, to - from, side)),
    async *batches(options) {
      asked.push(options);
      for (let from = 0; from < count; from += options.size) {
        read.push(from);
        yield await Promise.resolve(galaxies(from, Math.min(options.size, count - from), side));
      }
    },
  };
  return { source, asked, read };
}

interface Call {
  readonly samples: Samples;
  readonly forwardPass: number | undefined;
  readonly onPart: ((count: number) => void) | undefined;
  readonly answer: (redshift?: number) => void;
  readonly fail: (error: Error) => void;
}

/** A predictor that answers when the test does. */
function scripted(workers = 1, batch: number | null = null) {
  const calls: Call[] = [];
  const predictor: Predictor = {
    workers,
    contract: { ...CONTRACT, batch },
    predict: (samples, forwardPass, onPart) =>
      new Promise((resolve, reject) => {
        const answer = (redshift = 0.1) => resolve(new Float32Array(samples.count).fill(redshift));
        calls.push({ samples, forwardPass, onPart, answer, fail: reject });
      }),
    closed: false,
    close: () => Promise.resolve(),
  };
  return { predictor, calls };
}

/** Answers at once. */
const ready: Predictor = {
  ...scripted().predictor,
  predict: ({ count }, _, onPart) => {
    onPart?.(count);
    return Promise.resolve(new Float32Array(count).fill(0.1));
  },
};

async function sizeOfReads(batchSize: number, batch: number | null): Promise<number | undefined> {
  const { source, asked } = sourceOf(3);
  await drain(predictPartition(source, { ...ready, contract: { ...CONTRACT, batch } }, { batchSize }));
  return asked[0]?.size;
}

async function drain<T>(all: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of all) found.push(each);
  return found;
}

describe('predicting a partition', () => {
  it.each([
    [10, null, 10],
    [128, null, 128],
    [129, null, 128],
    [100_000, null, 128],
    [10, 4, 12],
    [12, 4, 12],
    [1, 7, 7],
    [2000, 7, 133],
  ])('at a batch size of %d, frozen at %p, reads %d at a time', async (batchSize, batch, size) => {
    expect(await sizeOfReads(batchSize, batch)).toBe(size);
  });

  it.each([
    // Two parts of 32 for each worker, but two reads at least.
    [1, 8, 8],
    [1, 10, 7],
    [2, 32, 4],
    [3, 64, 3],
    [1, 64, 2],
    [1, 128, 2],
  ])(
    'keeps enough under way that no worker waits: %d workers, %d at a time, %d reads',
    async (workers, size, reads) => {
      const { source, read } = sourceOf(2000);
      const { predictor, calls } = scripted(workers);
      const predicting = predictPartition(source, predictor, { batchSize: size });
      const first = predicting.next();
      expect(await isOpen(first)).toBe(true);
      expect(read).toHaveLength(reads);
      calls[0]?.answer();
      await now(first);
      const second = predicting.next();
      expect(await isOpen(second)).toBe(true);
      expect(read).toHaveLength(reads + 1);
      for (const call of calls) call.answer();
      await second;
      const ending = predicting.return(undefined);
      for (const call of calls) call.answer();
      await now(ending);
    },
  );

  it('hands out all of it in order, with all but the images', async () => {
    const { source } = sourceOf(7);
    const { predictor, calls } = scripted();
    const told: number[] = [];
    const all = drain(predictPartition(source, predictor, { batchSize: 3, onPart: (count) => told.push(count) }));
    await rest();
    for (const [place, { answer, onPart }] of [...calls.entries()].reverse()) {
      onPart?.(10 + place);
      answer(0.2 + place);
    }
    expect(told).toEqual([12, 11, 10]);
    expect(await now(all)).toEqual(
      [galaxies(0, 3), galaxies(3, 3), galaxies(6, 1)].map(({ from, count, magnitudes, redshift }, place) => ({
        from,
        count,
        magnitudes,
        zSpec: redshift,
        zPred: new Float32Array(count).fill(0.2 + place),
        answers: new Float32Array(count).fill(0.2 + place),
        flags: new Uint16Array(count),
      })),
    );
    expect(calls.map(({ samples, forwardPass }) => [samples.count, forwardPass])).toEqual([
      [3, 3],
      [3, 3],
      [1, 3],
    ]);
  });

  it('flags what goes in and what comes out by what the model was trained on', async () => {
    const trained = { magnitudes: Array<[number, number]>(5).fill([16, 30]), redshift: [1, 2] as [number, number] };
    const { magnitude_outside_training: magnitude, prediction_out_of_range: redshift } = QUALITY_FLAGS;
    const flagged = await drain(predictPartition(sourceOf(1).source, ready, { batchSize: 1, trained }));
    expect([...flagged[0]!.flags]).toEqual([magnitude.bit | redshift.bit]);
  });

  it('shows each batch to the checks, and its signal to the file', async () => {
    const { source, asked } = sourceOf(5, 32);
    const checks = new PartitionChecks();
    const { signal } = new AbortController();
    await drain(predictPartition(source, ready, { batchSize: 2, checks, signal }));
    expect(checks.hashes.sorted()).toHaveLength(5);
    expect(asked).toEqual([{ size: 2, signal }]);
    expect(asked[0]?.signal).toBe(signal);
    const without = sourceOf(1);
    await drain(predictPartition(without.source, ready, { batchSize: 2 }));
    expect(without.asked).toEqual([{ size: 2 }]);
    expect(Object.keys(without.asked[0]!)).toEqual(['size']);
  });
});

describe('a batch that fails', () => {
  async function failure(error: Error, options: Partial<PredictPartitionOptions> = {}): Promise<unknown> {
    const { predictor, calls } = scripted();
    const all = drain(predictPartition(sourceOf(9).source, predictor, { batchSize: 4, ...options }));
    await rest();
    calls[0]?.answer();
    calls[1]?.fail(error);
    calls[2]?.answer();
    return await now(
      all.then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
    );
  }

  it.each([
    [0, 1, 'galaxy 4'],
    [3, 1, 'galaxy 7'],
    [0, 2, 'galaxies 4 to 5'],
    [1, 3, 'galaxies 5 to 7'],
  ])('is told by file and galaxies: the model fails from %d on, on %d', async (start, count, named) => {
    const cause = new ModelFailure('it is out of range', { start, count });
    const error = await failure(cause);
    expect(error).toBeInstanceOf(UserInputError);
    expect(error).toMatchObject({ message: `a.pt, ${named} (the first is 0): it is out of range`, cause });
  });

  it('is told as it is where the model is not to blame', async () => {
    const cause = new EnvironmentError('An inference worker stopped: exit code 1');
    expect(await failure(cause)).toBe(cause);
  });

  it('counts as unhandled neither before its turn nor behind another one, and all are over then', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', note);
    try {
      const { predictor, calls } = scripted();
      const all = drain(predictPartition(sourceOf(16).source, predictor, { batchSize: 4 }));
      const failed = all.catch((error: unknown) => error);
      await rest();
      expect(calls).toHaveLength(4);
      calls[1]?.fail(new Error('the second'));
      calls[2]?.fail(new Error('the third'));
      await rest();
      await rest();
      calls[0]?.answer();
      expect(await isOpen(failed)).toBe(true);
      calls[3]?.fail(new Error('the fourth'));
      expect(await now(failed)).toMatchObject({ message: 'the second' });
      await rest();
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

describe('predicting a file', () => {
  async function fileOf(count: number) {
    const parts: Uint8Array[] = [];
    const shape = { count, imageShape: [5, 32, 32] } as const;
    for await (const part of partitionStream(shape, [galaxies(0, count, 32)])) parts.push(part);
    return Buffer.concat(parts);
  }

  const predict = async (bytes: Uint8Array, options: Partial<PredictSourceOptions> = {}, predictor = ready) =>
    await predictSource(
      bufferSource('a.pt', bytes),
      { predictor, trained: undefined },
      {
        batchSize: 2,
        checkCrc: false,
        ...options,
      },
    );

  it('answers with all of it, and tells it as it goes', async () => {
    const progress: [number, number][] = [];
    const told: [number, number, number][] = [];
    const batches: PredictedSamples[] = [];
    const { count, unchecked, checks } = await predict(await fileOf(5), {
      onProgress: (done, total) => progress.push([done, total]),
      onPredicted(samples, total) {
        batches.push(samples);
        told.push([samples.from, samples.count, total]);
      },
    });
    expect(count).toBe(5);
    expect(unchecked).toBeUndefined();
    expect(progress[0]).toEqual([0, 5]);
    expect(progress.slice(1).sort(([a], [b]) => a - b)).toEqual([[2, 5], [4, 5], [5, 5]]); // prettier-ignore
    expect(told).toEqual([[0, 2, 5], [2, 2, 5], [4, 1, 5]]); // prettier-ignore
    expect(batches.flatMap(({ zSpec }) => [...zSpec!])).toEqual([...galaxies(0, 5).redshift!]);
    expect(checks.hashes.sorted()).toHaveLength(5);
  });

  it('hands on what the model was trained on, and tells nobody who doesn’t ask', async () => {
    const trained = { magnitudes: Array<[number, number]>(5).fill([0, 30]), redshift: [1, 2] as [number, number] };
    const parts: unknown[] = [];
    const predictor: Predictor = {
      ...ready,
      predict: (samples, forwardPass, onPart) => {
        parts.push(onPart);
        return ready.predict(samples, forwardPass, onPart);
      },
    };
    const file = bufferSource('a.pt', await fileOf(1));
    const batches: PredictedSamples[] = [];
    const onPredicted = (samples: PredictedSamples) => batches.push(samples);
    await predictSource(file, { predictor, trained }, { batchSize: 1, checkCrc: false, onPredicted });
    expect([...batches[0]!.flags]).toEqual([QUALITY_FLAGS.prediction_out_of_range.bit]);
    expect(parts).toEqual([undefined]);
  });

  it('checks the file for damage where that is asked for, and says why where it can’t', async () => {
    const bytes = await fileOf(3);
    const damaged = Buffer.from(bytes);
    const at = damaged.indexOf(Buffer.from(Float64Array.of(3 / 1000).buffer));
    damaged[at] = damaged[at]! ^ 1;
    expect(await predict(bytes, { checkCrc: true })).toMatchObject({ count: 3, unchecked: undefined });
    expect(await predict(damaged)).toMatchObject({ count: 3 });
    await expect(predict(damaged, { checkCrc: true })).rejects.toThrow(/CRC/);
    const { unchecked } = await predict(
      withSums(bytes, () => 0),
      { checkCrc: true },
    );
    expect(unchecked).toMatch('it was written without CRC-32 sums');
  });

  it('ends with its signal', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(predict(await fileOf(3), { signal: aborted })).rejects.toThrow('enough');
  });
});
