import { join } from 'node:path';
import { modelNamed, modelOnDisk, readModel, type ModelSource } from '@cosmicai/inference';
import { UserInputError } from '@cosmicai/payload';
import { checkPlanFiles, layoutOf, openPlace, readRecord, recordWhereItLies, type RunPlace } from '@cosmicai/runs';
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
  /** Absolute, as the tasks see it. */
  readonly path: string;
  /** How `cosmicai rank` is told of it. */
  readonly arguments: readonly string[];
  /** Tasks see other files than this machine: a model that isn't here may be there, and ranks find out. */
  readonly inContainer?: boolean;
}

/**
 * What a run that is planned asks of a scheduler.
 *
 * @throws NotFoundError when there is no such run; UserInputError when its plan or its model isn't what was planned, or gone
 */
export async function planOfArray(
  place: RunPlace,
  model: TaskModel,
): Promise<Pick<ArrayJob, 'place' | 'run' | 'dataBuckets' | 'folders' | 'modelArguments'>> {
  const store = openPlace(place);
  const layout = layoutOf(place);
  const planned = await readRecord(store, layout);
  await checkPlanFiles(store, layout, planned);
  const { run, payload } = recordWhereItLies(planned, place);
  const { data_bucket: data, data_prefix: prefix, model: named = '', model_sha256: sha256 } = reads.parse(payload);
  if (named === '') await checkModelOf(modelOnDisk(model.path), { sha256, mayBeElsewhere: model.inContainer });
  else
    await checkModelOf(
      modelNamed(named, run.bucket, (address) => openPlace(place, address)),
      { sha256 },
    );
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

async function checkModelOf(
  source: ModelSource,
  {
    sha256: planned,
    mayBeElsewhere = false,
  }: { readonly sha256: string | undefined; readonly mayBeElsewhere?: boolean | undefined },
): Promise<void> {
  const graph = await source.find(source.graph);
  if (graph === undefined) {
    if (mayBeElsewhere) return;
    throw new UserInputError(source.absent);
  }
  if (planned === undefined || (await readModel(source, graph)).sha256 === planned) return;
  throw new UserInputError(
    `The run was planned with another model than ${source.label}: with one of SHA-256 ${planned}. Name it with --model, as the tasks see it, or --precision.`,
  );
}
