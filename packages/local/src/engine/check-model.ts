import { ModelCache } from '@cosmicai/inference';
import { defined, type RunPayload } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';

/**
 * Opens the model of a run as its ranks will, before anything is planned: what doesn't fit is told at once, and ranks on this
 * machine need not try it again.
 *
 * @returns its SHA-256
 * @throws UserInputError that says why the model can't be used
 */
export async function checkModel(
  payload: RunPayload,
  defaultModelPath: string,
  store: string | undefined,
): Promise<string> {
  await using models = new ModelCache({
    openStore: (bucket) => openStore(bucket, store === undefined ? {} : { base: store }),
    defaultModelPath,
    sessions: { workers: 1 },
  });
  using model = await models.load({
    S3_BUCKET: payload.bucket,
    ...defined({
      MODEL: payload.model,
      MODEL_INPUTS: payload.model_inputs,
      ALLOW_BATCH_DEPENDENCE: payload.allow_batch_dependence,
    }),
  });
  return model.sha256;
}
