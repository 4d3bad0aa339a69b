import { describeOnnx, arithmeticIn, modelNamed, modelOnDisk, readGraph, type ModelSource } from '@cosmicai/inference';
import { CosmicError, type RunPayload } from '@cosmicai/payload';
import { defaultCalibration, type Calibration } from '@cosmicai/quote';
import type { ObjectStore } from '@cosmicai/store';

export interface ModelPlace {
  /** Path of the model on this machine, in place of the payload's. */
  readonly chosen?: string | undefined;
  /** Path of the model of runs whose payloads name none. */
  readonly byDefault: string | undefined;
  readonly openStore: (address: string) => ObjectStore;
}

/** This project's own figures, for the arithmetic of the model that a run will take: its metadata are looked at. */
export async function calibrationOfModel(
  { model, bucket }: Pick<RunPayload, 'model' | 'bucket'>,
  { chosen, byDefault, openStore }: ModelPlace,
): Promise<Calibration> {
  const path = chosen ?? (model === undefined ? byDefault : undefined);
  if (path !== undefined) return defaultCalibration(await precisionOf(modelOnDisk(path)));
  return defaultCalibration(model === undefined ? undefined : await precisionOf(modelNamed(model, bucket, openStore)));
}

/** Undefined where the model isn't there, can't be read from here, or is none: whoever runs it will say so. */
async function precisionOf(source: ModelSource): Promise<'int8' | 'fp32' | undefined> {
  try {
    const { metadata } = describeOnnx(await readGraph(source), source.label);
    return arithmeticIn(metadata, source.label) === undefined ? 'fp32' : 'int8';
  } catch (error) {
    if (error instanceof CosmicError) return undefined;
    throw error;
  }
}
