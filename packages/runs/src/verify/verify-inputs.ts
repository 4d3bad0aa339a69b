import {
  EnvironmentError,
  UnusableFileError,
  UserInputError,
  type Manifest,
  type RankResult,
  type RankTask,
} from '@cosmicai/payload';
import { openSamples } from '@cosmicai/samples';
import { hashObject, storeSource, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import type { Finding } from './findings.ts';

/** Each is read as a whole: more at once would only wait for the same disk or line. */
const CONCURRENT_READS = 4;
const SAMPLES_AT_ONCE = 256;

/** Reads every partition of a run's ranks and compares it with what they read. */
export async function verifyInputs(
  manifest: Manifest,
  results: ReadonlyMap<number, RankResult>,
  openData: (task: RankTask) => ObjectStore,
  onRead: () => void,
): Promise<Finding[]> {
  const partitions = manifest.flatMap((task) =>
    (results.get(task.RANK)?.partitions ?? []).map((partition) => ({
      task: { ...task, sample_spec: results.get(task.RANK)?.sample_spec },
      partition,
    })),
  );
  const found = await pMap(
    partitions,
    async ({ task, partition }) => {
      const problem = await differenceNow(() => openData(task), partition, task);
      onRead();
      return problem === undefined ? [] : [{ what: partition.key, problem, mend: 'restore' } as const];
    },
    { concurrency: CONCURRENT_READS },
  );
  return found.flat();
}

/** How a rank read its partitions. */
type Reading = Pick<RankTask, 'CHECK_CRC' | 'COLUMNS'> & Pick<RankResult, 'sample_spec'>;

/** That an input can't be reached is told as what is wrong with it. */
async function differenceNow(
  open: () => ObjectStore,
  partition: RankResult['partitions'][number],
  task: Reading,
): Promise<string | undefined> {
  try {
    return await difference(open(), partition, task);
  } catch (error) {
    if (error instanceof UserInputError || error instanceof EnvironmentError) return `can't be read: ${error.message}`;
    throw error;
  }
}

async function difference(
  store: ObjectStore,
  { key, size, etag, sha256 }: RankResult['partitions'][number],
  reading: Reading,
): Promise<string | undefined> {
  const now = await store.head(key);
  if (now === undefined) return 'is gone';
  if (now.size !== size) return `has ${now.size} bytes; when it was read it had ${size}`;
  // Where the bytes are known it doesn't matter what the store calls them.
  if (sha256 !== undefined)
    return (await hashObject(store, key)) === sha256 ? undefined : 'is not what was read: its SHA-256 is another';
  if (etag !== undefined && now.etag !== etag)
    return `was written again since it was read (etag ${etag} then, ${now.etag} now); whether its content is the same can't be told, as hash_inputs was not asked for`;
  return reading.CHECK_CRC ? damage(store, key, reading) : undefined;
}

/** A disk that rots changes neither time nor size: the checksums in the file are what tells. */
async function damage(
  store: ObjectStore,
  key: string,
  { COLUMNS: columns, sample_spec: spec }: Reading,
): Promise<string | undefined> {
  try {
    const source = await openSamples(await storeSource(store, key), { columns, ...(spec && { spec }) });
    for await (const _ of source.batches({ size: SAMPLES_AT_ONCE }));
    return undefined;
  } catch (error) {
    if (error instanceof UnusableFileError) return `is damaged: ${error.message}`;
    throw error;
  }
}
