import { parseAs, rankTaskSchema, type RankTask } from '@cosmicai/payload';
import { fileStore, openStore, type ObjectStore } from '@cosmicai/store';
import { writePartition, type PartitionBatch } from '@cosmicai/torchfile';
import { pathToFileURL } from 'node:url';
import type { LeasedModel, RankEnvironment, Samples } from '../../src/index.ts';
import { CONTRACT, rest } from './scripted-thread.ts';

const PIXELS = 5 * 32 * 32;
/** Samples that a forward pass of the stub model takes. */
export const PASS = 32;

/** A clock that only the stub model moves, in milliseconds. */
export interface Clock {
  now: number;
}

/** A model in which each galaxy takes so long; what it answers depends on the galaxy and on those of its pass. */
export function stubModel(clock: Clock, msPerGalaxy: number, sha256 = 'a'.repeat(64)) {
  const predicted = { galaxies: 0 };
  const model: LeasedModel = {
    sha256,
    trained: undefined,
    arithmetic: undefined,
    warnings: [],
    [Symbol.dispose]: () => undefined,
    predictor: {
      workers: 1,
      contract: CONTRACT,
      closed: false,
      close: () => Promise.resolve(),
      async predict({ count, magnitudes }: Samples, forwardPass = PASS, onPart, signal) {
        const redshift = new Float32Array(count);
        const pass = Math.min(forwardPass, PASS);
        for (let start = 0; start < count; start += pass) {
          await rest();
          signal?.throwIfAborted();
          const size = Math.min(pass, count - start);
          for (let at = start; at < start + size; at++)
            redshift[at] = ((magnitudes[at * 5] ?? NaN) + (magnitudes[start * 5] ?? NaN) / 7) / 100;
          clock.now += size * msPerGalaxy;
          predicted.galaxies += size;
          onPart?.(size);
        }
        return redshift;
      },
    },
  };
  return { model, predicted };
}

/** Samples of which no two are alike, quickly made. */
function samples(seed: number, count: number): PartitionBatch {
  return {
    from: 0,
    count,
    images: Float32Array.from(
      { length: count * PIXELS },
      (_, at) => ((at * 7 + Math.floor(at / PIXELS) + seed * 500) % 1999) / 97,
    ),
    magnitudes: Float64Array.from({ length: count * 5 }, (_, at) => 17 + seed / 8 + Math.sin(at / 3)),
    redshift: Float64Array.from({ length: count }, (_, at) => 0.1 + seed / 100 + at / 10_000),
  };
}

/** A folder with partitions of so many galaxies: 1.pt, 2.pt, … and a rank's task of all of them. */
export async function rankOf(folder: string, counts: readonly number[], fields: object = {}): Promise<RankTask> {
  const store = fileStore(folder);
  const files = [];
  for (const [place, count] of counts.entries()) {
    const key = `data/${place + 1}.pt`;
    await writePartition(store, key, { count }, [samples(place, count)]);
    files.push({ key, ...(await store.head(key)) });
  }
  const bucket = pathToFileURL(folder).href;
  const item = {
    S3_BUCKET: bucket,
    DATA_BUCKET: bucket,
    WORLD_SIZE: '195',
    RANK: '3',
    DATA_PATH: files.map(({ key }) => key),
    DATA_OBJECTS: files.map(({ size, etag }) => ({ size, etag })),
    RESULT_PATH: 'out',
    BATCH_SIZE: PASS,
    RUN_ID: 'run',
    ...fields,
  };
  return parseAs(rankTaskSchema, item, 'rank task');
}

/** An attempt of a rank that has so many milliseconds. Timers don't fire. */
export function attempt(
  clock: Clock,
  model: LeasedModel,
  { timeMs, renewed = true, ...more }: { timeMs?: number; renewed?: boolean } & Partial<RankEnvironment> = {},
): RankEnvironment & { readonly warnings: string[] } {
  const ends = clock.now + (timeMs ?? 0);
  const warnings: string[] = [];
  return {
    openStore,
    loadModel: () => Promise.resolve(model),
    monotonic: () => clock.now,
    now: () => new Date(0),
    coldStart: false,
    cpuSeconds: () => 0,
    peakRssMb: () => 100,
    memoryLimitMb: null,
    architecture: 'x86_64',
    onWarning: (warning) => warnings.push(warning),
    ...(timeMs !== undefined && {
      timeLimit: { left: () => ends - clock.now, renewed, after: () => () => undefined },
    }),
    ...more,
    warnings,
  };
}

/** Stores in which some operations are replaced. */
export function storesWith(replaced: (store: ObjectStore) => Partial<ObjectStore>): RankEnvironment['openStore'] {
  return (address) => {
    const store = openStore(address);
    const others = replaced(store);
    return new Proxy(store, {
      get(target, name): unknown {
        const value: unknown = Reflect.get(name in others ? others : target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
}
