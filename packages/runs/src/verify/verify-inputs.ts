import type { PredictionRow } from '@cosmicai/inference';
import {
  EnvironmentError,
  QUALITY_FLAGS,
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

export interface InputsVerification {
  readonly findings: readonly Finding[];
  /** Cutouts that can't be read now, as they couldn't when the run read them. */
  readonly unreadable: readonly string[];
}

/**
 * Reads every partition of a run's ranks and compares it with what they read.
 *
 * @param predictionsOf those of a rank: the galaxy of a cutout that could not be read is flagged there
 */
export async function verifyInputs(
  manifest: Manifest,
  results: ReadonlyMap<number, RankResult>,
  openData: (task: RankTask) => ObjectStore,
  onRead: () => void,
  predictionsOf: (rank: number) => Promise<readonly Pick<PredictionRow, 'partition' | 'flags'>[]>,
): Promise<InputsVerification> {
  const unreadable: string[] = [];
  const wereUnreadable = new Map<number, Promise<ReadonlySet<string>>>();
  const wasUnreadable = async (task: RankTask, key: string): Promise<boolean> => {
    if (task.CUTOUTS === undefined) return false;
    const known = wereUnreadable.get(task.RANK) ?? predictionsOf(task.RANK).then((rows) => unreadableIn(task, rows));
    wereUnreadable.set(task.RANK, known);
    return (await known).has(key);
  };
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
      if (problem?.isDamage === true && (await wasUnreadable(task, partition.key))) {
        unreadable.push(partition.key);
        return [];
      }
      return problem === undefined ? [] : [{ what: partition.key, problem: problem.what, mend: 'restore' } as const];
    },
    { concurrency: CONCURRENT_READS },
  );
  return { findings: found.flat(), unreadable: unreadable.sort() };
}

/** Cutouts whose galaxy had no image when the rank read it: pixels that aren't numbers stand for it, and its prediction tells that. */
function unreadableIn(
  { CUTOUTS: cutouts, DATA_PATH: keys }: RankTask,
  rows: readonly Pick<PredictionRow, 'partition' | 'flags'>[],
): ReadonlySet<string> {
  const { bit } = QUALITY_FLAGS.input_not_finite;
  const flagged = new Set(rows.filter(({ flags }) => (flags & bit) !== 0).map(({ partition }) => partition));
  // A galaxy has a file, or one for each band; its prediction names the first.
  let next = 0;
  const files = (cutouts?.galaxies ?? []).map(({ bands, again = false }) => {
    const from = next;
    if (!again) next += bands?.length ?? 1;
    return keys.slice(from, next);
  });
  return new Set(files.filter(([first = '']) => flagged.has(first)).flat());
}

/** What is to be put after the name of an input. */
interface Problem {
  readonly what: string;
  /** Its content can't be read, though nobody wrote it since. */
  readonly isDamage?: true;
}

/** How a rank read its partitions. */
type Reading = Pick<RankTask, 'CHECK_CRC' | 'COLUMNS'> & Pick<RankResult, 'sample_spec'>;

/** That an input can't be reached is told as what is wrong with it. */
async function differenceNow(
  open: () => ObjectStore,
  partition: RankResult['partitions'][number],
  task: Reading,
): Promise<Problem | undefined> {
  try {
    return await difference(open(), partition, task);
  } catch (error) {
    if (error instanceof UserInputError || error instanceof EnvironmentError)
      return { what: `can't be read: ${error.message}` };
    throw error;
  }
}

async function difference(
  store: ObjectStore,
  { key, size, etag, sha256 }: RankResult['partitions'][number],
  reading: Reading,
): Promise<Problem | undefined> {
  const now = await store.head(key);
  if (now === undefined) return { what: 'is gone' };
  if (now.size !== size) return { what: `has ${now.size} bytes; when it was read it had ${size}` };
  // Where the bytes are known it doesn't matter what the store calls them.
  if (sha256 !== undefined)
    return (await hashObject(store, key)) === sha256
      ? undefined
      : { what: 'is not what was read: its SHA-256 is another' };
  if (etag !== undefined && now.etag !== etag)
    return {
      what: `was written again since it was read (etag ${etag} then, ${now.etag} now); whether its content is the same can't be told, as hash_inputs was not asked for`,
    };
  return reading.CHECK_CRC ? damage(store, key, reading) : undefined;
}

/** A disk that rots changes neither time nor size: the checksums in the file are what tells. */
async function damage(
  store: ObjectStore,
  key: string,
  { COLUMNS: columns, sample_spec: spec }: Reading,
): Promise<Problem | undefined> {
  try {
    const source = await openSamples(await storeSource(store, key), { columns, ...(spec && { spec }) });
    for await (const _ of source.batches({ size: SAMPLES_AT_ONCE }));
    return undefined;
  } catch (error) {
    if (error instanceof UnusableFileError) return { what: `is damaged: ${error.message}`, isDamage: true };
    throw error;
  }
}
