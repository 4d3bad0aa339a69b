import { runLayout, type RunLayout, type RunReference } from '@cosmicai/payload';
import { openStore, type ObjectStore, type StoreAccess } from '@cosmicai/store';

/** Where runs lie: a results folder. */
export interface ResultsPlace {
  /** Bucket, or the address of a folder that stands for one. */
  readonly bucket: string;
  readonly resultPath: string;
}

/** Where a run lies. Payloads, answers and records name it in fields of their own: `placeOfRun`. */
export interface RunPlace extends ResultsPlace {
  readonly runId: string;
  /** Where bare bucket names lie; default: COSMICAI_STORE or S3. */
  readonly base?: string | undefined;
  /** How its buckets are asked. */
  readonly access?: StoreAccess;
}

/** The place of a run that an answer or a record names. @param how its buckets are opened */
export function placeOfRun(
  { bucket, result_path: resultPath, run_id: runId }: Pick<RunReference, 'bucket' | 'result_path' | 'run_id'>,
  how: Pick<RunPlace, 'base' | 'access'> = {},
): RunPlace {
  return { bucket, resultPath, runId, ...how };
}

/** The keys of a run's objects in its bucket. */
export function layoutOf({ resultPath, runId }: Pick<RunPlace, 'resultPath' | 'runId'>): RunLayout {
  return runLayout(resultPath, runId);
}

/** A bucket of a run, by default the one that it lies in. */
export function openPlace(
  { bucket, base, access = {} }: Omit<RunPlace, 'resultPath' | 'runId'>,
  named: string = bucket,
): ObjectStore {
  return openStore(named, { access, ...(base !== undefined && { base }) });
}
