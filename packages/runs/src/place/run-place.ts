import { openStore, type ObjectStore, type StoreAccess } from '@cosmicai/store';

/** Where a run lies. */
export interface RunPlace {
  readonly bucket: string;
  readonly resultPath: string;
  readonly runId: string;
  /** Where bare bucket names lie; default: COSMICAI_STORE or S3. */
  readonly base?: string | undefined;
  /** How its buckets are asked. */
  readonly access?: StoreAccess;
}

/** A bucket of a run, by default the one that it lies in. */
export function openPlace(
  { bucket, base, access = {} }: Omit<RunPlace, 'resultPath' | 'runId'>,
  named: string = bucket,
): ObjectStore {
  return openStore(named, { access, ...(base !== undefined && { base }) });
}
