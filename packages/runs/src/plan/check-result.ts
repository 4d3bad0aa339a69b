import { runLayout, type PlannedObject, type RankResult, type RankTask } from '@cosmicai/payload';

type PartitionRead = RankResult['partitions'][number];

/**
 * Compares a rank's result with its task: the run, the rank, the partitions and their versions, the model, and that what it counts
 * of itself adds up.
 *
 * @returns the first difference, to be put after the name of the result; undefined when there is none
 */
export function differenceFromTask(task: RankTask, result: RankResult): string | undefined {
  if (result.run_id !== (task.RUN_ID ?? null)) return `belongs to run ${String(result.run_id)}`;
  if (result.rank !== task.RANK) return `belongs to rank ${result.rank}`;
  const read = [result.data_path].flat();
  if (
    !isDeepEqual(read, task.DATA_PATH) ||
    !isDeepEqual(
      result.partitions.map(({ key }) => key),
      task.DATA_PATH,
    )
  )
    return `is about ${read.join(', ')}, planned was ${task.DATA_PATH.join(', ')}`;
  if (task.MODEL_SHA256 !== undefined && result.model_sha256 !== task.MODEL_SHA256)
    return `was predicted by the model ${result.model_sha256}, planned was ${task.MODEL_SHA256}`;
  const galaxies = result.partitions.reduce((sum, { samples }) => sum + samples, 0);
  if (galaxies !== result.samples) return `counts ${result.samples} galaxies, but ${galaxies} in its partitions`;
  // Results of earlier versions, and plans of other initializers, tell no more.
  return task.DATA_OBJECTS === undefined ? undefined : differenceFromVersions(task, task.DATA_OBJECTS, result);
}

function differenceFromVersions(
  task: RankTask,
  planned: readonly PlannedObject[],
  result: RankResult,
): string | undefined {
  for (const [place, partition] of result.partitions.entries()) {
    const found = differenceOfPartition(partition, planned[place]);
    if (found !== undefined) return found;
  }
  const { predictions_file: file, predictions_key: key } = result;
  const expected = runLayout(task.RESULT_PATH, task.RUN_ID).rankPredictions(task.RANK);
  if (file === undefined) return 'does not tell what its predictions are';
  if (key !== expected || file.key !== expected)
    return `names the predictions ${file.key}; those of its rank are ${expected}`;
  const { rankReduction, rankHashes, rankNames } = runLayout(task.RESULT_PATH, task.RUN_ID);
  const { reduction_file: reduction, hashes_file: hashes, names_file: names } = result;
  if (reduction !== undefined && reduction.key !== rankReduction(task.RANK))
    return `names the reduction ${reduction.key}; that of its rank is ${rankReduction(task.RANK)}`;
  if (hashes !== undefined && hashes.key !== rankHashes(task.RANK))
    return `names the hashes ${hashes.key}; those of its rank are ${rankHashes(task.RANK)}`;
  if (names !== undefined && names.key !== rankNames(task.RANK))
    return `names the hashes of names ${names.key}; those of its rank are ${rankNames(task.RANK)}`;
  if (file.rows !== result.samples) return `counts ${result.samples} galaxies and ${file.rows} predictions`;
  return undefined;
}

function differenceOfPartition(
  { key, size, etag, samples, index_range: range = [0, -1] }: PartitionRead,
  planned: PlannedObject | undefined,
): string | undefined {
  if (planned === undefined) return `is about ${key}, of which no version was planned`;
  if (size !== planned.size || etag !== planned.etag)
    return `is about another version of ${key}: ${size} bytes (etag ${String(etag)}), planned were ${planned.size} (etag ${planned.etag})`;
  if (range[0] !== 0 || range[1] !== samples)
    return `leaves out galaxies of ${key}: it has ${range[0]} to ${range[1]} of ${samples}`;
  if (planned.galaxies !== undefined && planned.galaxies !== samples)
    return `has ${samples} galaxies of ${key}, which has ${planned.galaxies}`;
  return undefined;
}

function isDeepEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, place) => value === b[place]);
}
