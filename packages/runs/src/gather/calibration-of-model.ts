import {
  describeOnnx,
  arithmeticIn,
  modelNamed,
  modelOnDisk,
  readGraph,
  readSpec,
  type ModelSource,
} from '@cosmicai/inference';
import { CosmicError, trainedRangesFile, type RunPayload } from '@cosmicai/payload';
import { defaultCalibration, type Calibration } from '@cosmicai/quote';
import type { ObjectStore } from '@cosmicai/store';

export interface ModelPlace {
  /** Path of the model on this machine, in place of the payload's. */
  readonly chosen?: string | undefined;
  /** Path of the model of runs whose payloads name none. */
  readonly byDefault: string | undefined;
  readonly openStore: (address: string) => ObjectStore;
}

/**
 * This project's own figures, for the arithmetic of the model that a run will take: its metadata are looked at. Of one in a bucket
 * the requests that each rank makes for it are counted.
 */
export async function calibrationOfModel(
  { model, bucket }: Pick<RunPayload, 'model' | 'bucket'>,
  { chosen, byDefault, openStore }: ModelPlace,
): Promise<Calibration> {
  const path = chosen ?? (model === undefined ? byDefault : undefined);
  const local = path === undefined ? undefined : modelOnDisk(path);
  const stored = model === undefined ? undefined : modelNamed(model, bucket, openStore);
  const source = local ?? stored;
  const precision = source && (await ifReadable(() => precisionOf(source)));
  const lookups = stored && (await ifReadable(() => lookupsFor(stored)));
  const calibration = defaultCalibration(precision);
  if (lookups === undefined) return calibration;
  return { ...calibration, coldDownload: { ...calibration.coldDownload, lookups } };
}

async function precisionOf(source: ModelSource): Promise<'int8' | 'fp32'> {
  const { metadata } = describeOnnx(await readGraph(source), source.label);
  return arithmeticIn(metadata, source.label) === undefined ? 'fp32' : 'int8';
}

/**
 * Requests of a rank beside the download itself: whether the graph and its weights are there, whether it has a file of trained ranges, and
 * the names that a spec may have where the metadata tell none; what is there is read.
 */
async function lookupsFor(source: ModelSource): Promise<number> {
  const { metadata, externalFiles } = describeOnnx(await readGraph(source), source.label);
  const trained = await source.find(trainedRangesFile(source.graph));
  const { beside, file } = await readSpec(source, metadata);
  return 1 + 2 * externalFiles.length + (trained === undefined ? 1 : 2) + beside.length + (file === undefined ? 0 : 1);
}

/** Undefined where the model isn't there, can't be read from here, or is none: whoever runs it will say so. */
async function ifReadable<Of>(look: () => Promise<Of>): Promise<Of | undefined> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CosmicError) return undefined;
    throw error;
  }
}
