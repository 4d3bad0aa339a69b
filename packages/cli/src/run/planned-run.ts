import { parseJsonAs, plannedRunSchema, runLayout, runRecordSchema, type RunReference } from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

type PlannedRun = Pick<RunReference, 'run_id' | 'bucket' | 'result_path'>;

/** The run that Initialize answered. Definitions of users may keep its answer under a name of their own. */
export function plannedRunIn(value: unknown): PlannedRun | undefined {
  const inside: unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : [];
  for (const candidate of [value, ...inside]) {
    const { data } = plannedRunSchema.safeParse(candidate);
    if (data !== undefined) return data.run;
  }
  return undefined;
}

/** Bytes of the run's partition files; undefined where that can't be read, as it is only for people to see how far a run is. */
export async function plannedBytes(
  { bucket, result_path: resultPath, run_id: runId }: PlannedRun,
  open: (bucket: string) => ObjectStore,
): Promise<number | undefined> {
  try {
    const key = runLayout(resultPath, runId).run;
    return parseJsonAs(runRecordSchema, (await open(bucket).get(key)).toString(), key).partitions.bytes;
  } catch {
    return undefined;
  }
}
