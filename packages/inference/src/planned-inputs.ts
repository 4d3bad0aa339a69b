import type { ObjectVersion, RankTask } from '@cosmicai/payload';
import { addressWithin, ChangedError, storeSource, type ObjectStore, type StoreSource } from '@cosmicai/store';
import { AFTER_A_CHANGE, ModelChangedError, PartitionChangedError } from './errors.ts';
import type { LoadedModel } from './model/open-model.ts';

/**
 * A partition as it was planned. Reads of any other version fail, and say what there is instead.
 *
 * @param planned undefined for tasks of other initializers: the version is that which lies there now
 */
export async function plannedSource(store: ObjectStore, key: string, planned?: ObjectVersion): Promise<StoreSource> {
  const source = await storeSource(store, key, planned);
  return {
    ...source,
    async read(...range) {
      try {
        return await source.read(...range);
      } catch (error) {
        if (!(error instanceof ChangedError)) throw error;
        const now = await store.head(key);
        throw new PartitionChangedError(
          `it was changed after the run was planned: ${versions(source, now)}. ${AFTER_A_CHANGE}`,
          { cause: error },
        );
      }
    },
  };
}

/**
 * Looks before anything is loaded whether another model lies where the planned one lay. Where the model's bytes are planned they
 * are what counts, and a model that was written again as it was is still the same.
 *
 * @throws ModelChangedError
 */
export async function checkModelObject(
  {
    MODEL,
    MODEL_OBJECT: planned,
    MODEL_SHA256: bytes,
    S3_BUCKET,
  }: Pick<RankTask, 'MODEL' | 'MODEL_OBJECT' | 'MODEL_SHA256' | 'S3_BUCKET'>,
  openStore: (address: string) => ObjectStore,
): Promise<void> {
  if (MODEL === undefined || planned === undefined || bytes !== undefined) return;
  const { store, key } = addressWithin(S3_BUCKET, MODEL);
  const now = await openStore(store).head(key);
  // That it isn't there is said by whoever loads it.
  if (now === undefined || now.etag === planned.etag) return;
  throw new ModelChangedError(
    `The model ${MODEL} was changed after the run was planned: ${versions(planned, now)}. ${AFTER_A_CHANGE}`,
  );
}

/** @throws ModelChangedError when the bytes of a model are not those that were planned */
export function checkModelBytes(
  { MODEL = 'of the function', MODEL_SHA256: planned }: Pick<RankTask, 'MODEL' | 'MODEL_SHA256'>,
  { sha256 }: Pick<LoadedModel, 'sha256'>,
): void {
  if (planned === undefined || planned === sha256) return;
  throw new ModelChangedError(
    `The model ${MODEL} is not the one of the run: its SHA-256 is ${sha256}, planned was ${planned}. ${AFTER_A_CHANGE}`,
  );
}

function versions(planned: ObjectVersion, now: ObjectVersion | undefined): string {
  const wanted = `${planned.size} bytes (etag ${planned.etag}) were planned`;
  return now === undefined
    ? `${wanted}, and it is there no more`
    : `${wanted}, ${now.size} bytes (etag ${now.etag}) are there`;
}
