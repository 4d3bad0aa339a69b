import { join } from 'node:path';
import { modelOnDisk, readModel } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';
import { layoutOf, openPlace, readRecord, recordWhereItLies, type RunPlace } from '@cosmicai/runs';
import { pathAt } from '@cosmicai/store';
import { z } from 'zod';
import type { ArrayJob } from './array-job.ts';

const reads = z.object({
  data_bucket: z.string(),
  data_prefix: z.string().default(''),
  model: z.string().optional(),
  model_sha256: z.string().optional(),
});

/** The model that tasks would use. */
export interface TaskModel {
  /** Absolute, as the tasks see it, which may be in a container. */
  readonly path: string;
  /** How `cosmicai rank` is told of it. */
  readonly arguments: readonly string[];
}

/**
 * What a run that is planned asks of a scheduler.
 *
 * @throws NotFoundError when there is no such run; UserInputError when it was planned with another model
 */
export async function planOfArray(
  place: RunPlace,
  model: TaskModel,
): Promise<Pick<ArrayJob, 'place' | 'run' | 'dataBuckets' | 'folders' | 'modelArguments'>> {
  const { run, payload } = recordWhereItLies(await readRecord(openPlace(place), layoutOf(place)), place);
  const { data_bucket: data, data_prefix: prefix, model: named = '', model_sha256: sha256 } = reads.parse(payload);
  if (named === '') await checkPlanned(model.path, sha256);
  const pathOf = (bucket: string, path: string) => {
    const folder = pathAt(bucket.includes('://') ? bucket : (place.base ?? 's3://'));
    return folder === undefined ? [] : [join(folder, ...(bucket.includes('://') ? [] : [bucket]), path)];
  };
  return {
    place,
    run,
    dataBuckets: [data, ...(named.startsWith('s3://') ? [named] : [])],
    folders: [...new Set([...pathOf(place.bucket, place.resultPath), ...pathOf(data, prefix)])],
    modelArguments: named === '' ? model.arguments : [],
  };
}

/** A file that isn't there may well be in a container: then ranks find out. */
async function checkPlanned(path: string, planned: string | undefined): Promise<void> {
  const source = modelOnDisk(path);
  const graph = await source.find(source.graph);
  if (graph === undefined || planned === undefined) return;
  const { sha256 } = await readModel(source, graph);
  if (sha256 === planned) return;
  throw new UserInputError(
    `The run was planned with another model than ${path}: with one of SHA-256 ${planned}. Name it with --model, as the tasks see it, or --precision.`,
  );
}
