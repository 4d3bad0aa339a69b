import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { defined, runLayout, type RankResult, type RankTask, type RunRecord } from '@cosmicai/payload';
import { pathAt, readableAddress } from '@cosmicai/store';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';

/*
 * A run's files say where the run was planned. Its folder may have been copied or moved since: what belongs to the run is then read and
 * written where the run was found, never where it once lay. Data, and models in a bucket, stay at their addresses.
 */

type Planned = Pick<RunPlace, 'bucket' | 'resultPath'>;

/**
 * The place of a run as its plan spells it, as long as that is where it was found; else where it was found.
 *
 * @param planned what its plan says
 */
export function placeItLies(place: RunPlace, { bucket, resultPath }: Planned): RunPlace {
  const folderOf = (at: Planned) => readableAddress(openPlace(place, at.bucket).url, at.resultPath);
  const isSame =
    (bucket === place.bucket && resultPath === place.resultPath) ||
    folderOf({ bucket, resultPath }) === folderOf(place);
  return isSame ? { ...place, bucket, resultPath } : place;
}

/** The record of a run with the place where it lies. */
export function recordWhereItLies(record: RunRecord, place: RunPlace): RunRecord {
  const { run, payload } = record;
  const at = placeItLies(place, { bucket: run.bucket, resultPath: run.result_path });
  const { bucket, resultPath } = at;
  if (bucket === run.bucket && resultPath === run.result_path) return record;
  const { manifest, items, map } = layoutOf(at);
  const model = modelAddress(place, run.bucket, payload.model);
  return {
    ...record,
    run: {
      ...{ ...run, bucket, result_path: resultPath, manifest_key: manifest, map_prefix: map },
      ...(run.items_key !== undefined && { items_key: items }),
    },
    payload: { ...payload, ...defined({ model }) },
  };
}

/** A rank's task with the place where its run lies. */
export function taskWhereItLies(task: RankTask, place: RunPlace): RankTask {
  return { ...task, ...changesWhereItLies(task, place) };
}

/** What of a rank's task is another one where the run lies; nothing of a run that was neither copied nor moved. */
export function changesWhereItLies(
  { S3_BUCKET, RESULT_PATH, MODEL }: Pick<RankTask, 'S3_BUCKET' | 'RESULT_PATH' | 'MODEL'>,
  place: RunPlace,
): Partial<Pick<RankTask, 'S3_BUCKET' | 'RESULT_PATH' | 'MODEL'>> {
  const { bucket, resultPath } = placeItLies(place, { bucket: S3_BUCKET, resultPath: RESULT_PATH });
  if (bucket === S3_BUCKET && resultPath === RESULT_PATH) return {};
  return { S3_BUCKET: bucket, RESULT_PATH: resultPath, ...defined({ MODEL: modelAddress(place, S3_BUCKET, MODEL) }) };
}

/** The result of a rank with the keys that its files have where the run lies now. */
export function resultWhereItLies(result: RankResult, { RESULT_PATH, RUN_ID }: RankTask): RankResult {
  if (RUN_ID === undefined || result.run_id !== RUN_ID || result.result_path === RESULT_PATH) return result;
  const from = `${runLayout(result.result_path, RUN_ID).folder}/`;
  const to = `${runLayout(RESULT_PATH, RUN_ID).folder}/`;
  const keyed = (key: string) => (key.startsWith(from) ? to + key.slice(from.length) : key);
  const moved = <File extends { readonly key: string }>(file: File | undefined) =>
    file && { ...file, key: keyed(file.key) };
  const { predictions_key, predictions_file, hashes_file, names_file, reduction_file } = result;
  return {
    ...{ ...result, result_path: RESULT_PATH, predictions_key: keyed(predictions_key) },
    ...defined({
      predictions_file: moved(predictions_file),
      hashes_file: moved(hashes_file),
      names_file: moved(names_file),
      reduction_file: moved(reduction_file),
    }),
  };
}

/** A model that is named by its key lies in the bucket for which it was named. */
function modelAddress(place: RunPlace, bucket: string, model: unknown): string | undefined {
  if (typeof model !== 'string' || model.includes('://')) return undefined;
  const { url } = openPlace(place, bucket);
  const folder = pathAt(url);
  return folder === undefined ? `${url}/${model}` : pathToFileURL(join(folder, model)).href;
}
