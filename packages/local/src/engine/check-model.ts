import { ModelCache } from '@cosmicai/inference';
import { defined, type ModelSpec, type RunPayload } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';

/** A model that a run can use. */
export interface CheckedModel {
  readonly sha256: string;
  readonly spec: ModelSpec;
  /** The file beside it that says so; undefined: its metadata, or nobody. */
  readonly specFile: string | undefined;
}

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
): Promise<CheckedModel> {
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
  return { sha256: model.sha256, spec: model.predictor.contract.spec, specFile: model.specFile };
}
