import {
  parseJsonAs,
  plannedRunSchema,
  runLayout,
  runRecordSchema,
  type RunEvent,
  type RunReference,
} from '@cosmicai/payload';
import type { ObjectStore } from '@cosmicai/store';

export type PlannedRun = Pick<RunReference, 'run_id' | 'bucket' | 'result_path'>;

/** The run that Initialize answered. Definitions of users may keep its answer under a name of their own. */
export function plannedRunIn(value: unknown): PlannedRun | undefined {
  const inside: unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : [];
  for (const candidate of [value, ...inside]) {
    const { data } = plannedRunSchema.safeParse(candidate);
    if (data !== undefined) return data.run;
  }
  return undefined;
}

/** The run that an execution planned, if it came so far. */
export function plannedRunOf(events: readonly RunEvent[]): PlannedRun | undefined {
  // One that was killed when it had just planned plans another run: the last is the one that it made.
  for (const event of events.toReversed()) {
    const run = event.type === 'StateExited' && event.in === undefined ? plannedRunIn(event.output) : undefined;
    if (run !== undefined) return run;
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
