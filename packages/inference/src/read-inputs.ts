import type { Reduction } from '@cosmicai/metrics';
import type { ObjectVersion, RankTask } from '@cosmicai/payload';
import type { SampleInput, SampleSource } from '@cosmicai/samples';
import { hashObject, sha256Of, type ByteSource, type ObjectStore } from '@cosmicai/store';
import { classesIn } from './answer-columns.ts';
import { atPartition } from './errors.ts';
import type { RankTime } from './limits/rank-time.ts';
import type { LoadedModel } from './model/open-model.ts';
import type { RankPieces } from './pieces/rank-pieces.ts';
import { plannedCutouts } from './planned-cutouts.ts';
import { plannedSource } from './planned-inputs.ts';
import { oneOf, type AnsweredSamples, type PredictedSamples } from './predict-partition.ts';
import { predictSource, type PredictedSource } from './predict-source.ts';
import type { RankPredictions } from './predictions/rank-predictions.ts';
import type { PartitionSeen } from './quality/findings.ts';
import type { ImageHashes } from './quality/image-hashes.ts';
import { PartitionChecks } from './quality/partition-checks.ts';
import type { PartitionRead } from './rank-result.ts';
import type { RankTally } from './rank-tally.ts';
import type { RankEnvironment } from './run-rank.ts';
import { TimedSource } from './timed-source.ts';

/** Where what a rank reads and predicts goes. */
export interface ReadingEnvironment extends RankEnvironment {
  readonly tally: RankTally;
  readonly pieces: RankPieces | undefined;
  readonly time: RankTime;
  readonly file: RankPredictions;
  readonly hashes: ImageHashes;
  readonly reduction: Reduction;
}

/** Where a rank's partitions lie. */
export function dataStore(task: RankTask, openStore: RankEnvironment['openStore']): ObjectStore {
  return openStore(task.DATA_BUCKET, { access: { requestPayer: task.REQUEST_PAYER, sign: task.SIGN_REQUESTS } });
}

/** Predicts one partition. @throws PartitionError naming it */
async function readPartition(
  task: RankTask,
  [place, key]: readonly [number, string],
  model: LoadedModel,
  reading: ReadingEnvironment,
): Promise<PartitionRead & PartitionSeen> {
  try {
    const store = dataStore(task, reading.openStore);
    const planned = await plannedSource(store, key, task.DATA_OBJECTS?.[place]);
    const source = new TimedSource(planned, reading.monotonic);
    const version = { place, size: source.size, etag: planned.etag };
    const predicted = await predictVersion(task, { input: source, version }, model, reading, (samples) => [
      [key, samples],
    ]);
    return {
      ...predicted,
      partition: key,
      ...(await versionOf(task, { store, key, version }, reading)),
      samples: predicted.count,
      readSeconds: source.seconds,
    };
  } catch (error) {
    throw error === reading.file.failure ? error : atPartition(error, task.RANK, key);
  }
}

/** The cutouts of a rank as one source; its predictions are of the first file of each galaxy. */
async function readCutouts(
  task: RankTask,
  model: LoadedModel,
  reading: ReadingEnvironment,
): Promise<(PartitionRead & PartitionSeen)[]> {
  const { DATA_PATH: keys, DATA_OBJECTS: versions = [], DATA_PREFIX: folder } = task;
  const timed = new Map<string, TimedSource>();
  const watched = (source: ByteSource) => {
    const file = new TimedSource(source, reading.monotonic);
    timed.set(source.name, file);
    return file;
  };
  try {
    const store = dataStore(task, reading.openStore);
    const found = await plannedCutouts(task, store, watched, reading.signal);
    if (found === undefined) return [];
    const { source, files } = found;
    const size = versions.reduce((sum, version) => sum + version.size, 0);
    const version = { place: 0, size, etag: sha256Of(JSON.stringify([task.CUTOUTS, versions])) };
    const firsts = files.map(([first = 0]) => first);
    const keyOf = (galaxy: number) => keys[firsts[galaxy] ?? 0] ?? '';
    // Of galaxies of one file, which lie one after the other.
    const indices: number[] = [];
    for (const [galaxy, first] of firsts.entries())
      indices.push(firsts[galaxy - 1] === first ? (indices.at(-1) ?? 0) + 1 : 0);
    const predicted = await predictVersion(task, { input: source, version }, model, reading, (samples) =>
      Array.from({ length: samples.count }, (_, at) => [
        keyOf(samples.from + at),
        oneOf(samples, at, indices[samples.from + at]),
      ]),
    );
    const galaxies = new Map<number, number>();
    for (const first of firsts) galaxies.set(first, (galaxies.get(first) ?? 0) + 1);
    const reads: (PartitionRead & PartitionSeen)[] = [];
    for (const [place, key] of keys.entries()) {
      const own = { store, key, version: versions[place] ?? { size: 0, etag: '' } };
      reads.push({
        ...predicted,
        // What was found is told once, of all of them.
        ...(place > 0 && {
          checks: new PartitionChecks(model.predictor.contract.spec),
          notes: [],
          unchecked: undefined,
        }),
        partition: key,
        ...(await versionOf(task, own, reading)),
        samples: galaxies.get(place) ?? 0,
        readSeconds: place > 0 ? [] : [...timed.values()].flatMap((file) => file.seconds),
      });
    }
    return reads;
  } catch (error) {
    throw error === reading.file.failure ? error : atPartition(error, task.RANK, folder);
  }
}

interface VersionedInput {
  readonly input: SampleInput | SampleSource;
  /** What pieces know it by. */
  readonly version: { readonly place: number; readonly size: number; readonly etag: string };
}

/** @param placed samples by the partition that they are of */
async function predictVersion(
  task: RankTask,
  { input, version }: VersionedInput,
  model: LoadedModel,
  { signal, tally, pieces, time, file, hashes, reduction }: ReadingEnvironment,
  placed: (samples: AnsweredSamples) => (readonly [partition: string, samples: PredictedSamples])[],
): Promise<PredictedSource> {
  return await predictSource(input, model, {
    batchSize: task.BATCH_SIZE,
    checkCrc: task.CHECK_CRC,
    columns: task.COLUMNS,
    keep: task.KEEP,
    onProgress: tally.file(version.size),
    kept(from, count) {
      const known = pieces?.answersFor(version, from, count);
      if (known !== undefined) time.keep(count);
      return known;
    },
    hashes,
    async onPredicted(samples) {
      const { from, count, answers } = samples;
      for (const [partition, part] of placed(samples)) {
        reduction.addAll({ ...part, rank: task.RANK, partition, labels: classesIn(part.beside) });
        await file.add(partition, part);
      }
      if (pieces?.answersFor(version, from, count) !== undefined) return;
      await pieces?.add({ ...version, from, answers }, time.expected());
    },
    ...(signal && { signal }),
  });
}

/** What a result says of which bytes were read. */
async function versionOf(
  { HASH_INPUTS }: RankTask,
  { store, key, version: { size, etag } }: { store: ObjectStore; key: string; version: ObjectVersion },
  { signal }: ReadingEnvironment,
): Promise<Pick<PartitionRead, 'size' | 'etag' | 'sha256'>> {
  const hashed = HASH_INPUTS && { sha256: await hashObject(store, key, { ifMatch: etag, ...(signal && { signal }) }) };
  return { size, etag, ...hashed };
}

/** Predicts all that a rank was given, in order. @throws PartitionError naming what can't be read or predicted */
export async function readInputs(
  task: RankTask,
  model: LoadedModel,
  reading: ReadingEnvironment,
): Promise<(PartitionRead & PartitionSeen)[]> {
  if (task.CUTOUTS !== undefined) return await readCutouts(task, model, reading);
  const reads: (PartitionRead & PartitionSeen)[] = [];
  for (const planned of task.DATA_PATH.entries()) reads.push(await readPartition(task, planned, model, reading));
  return reads;
}
