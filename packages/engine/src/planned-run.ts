import { plannedRunSchema, type RunEvent } from '@cosmicai/payload';
import { layoutOf, openPlace, placeOfRun, readRecord, type RunPlace } from '@cosmicai/runs';

/**
 * The run that Initialize answered. Definitions of users may keep its answer under a name of their own.
 *
 * @param base where bare bucket names lie
 */
export function plannedRunIn(value: unknown, base?: string): RunPlace | undefined {
  const inside: unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : [];
  for (const candidate of [value, ...inside]) {
    const { data } = plannedRunSchema.safeParse(candidate);
    if (data !== undefined) return placeOfRun(data.run, { base });
  }
  return undefined;
}

/** The run that an event of an execution tells of: one that a state of its own answered, or that it goes on with. */
export function plannedRunBy(event: RunEvent, base?: string): RunPlace | undefined {
  if (event.in !== undefined) return undefined;
  if (event.type === 'StateExited') return plannedRunIn(event.output, base);
  return event.type === 'RunResumed' ? plannedRunIn(event.input, base) : undefined;
}

/** The run that an execution planned, if it came so far. */
export function plannedRunOf(events: readonly RunEvent[], base?: string): RunPlace | undefined {
  // One that was killed when it had just planned plans another run: the last is the one that it made.
  for (const event of events.toReversed()) {
    const run = event.type === 'StateExited' && event.in === undefined ? plannedRunIn(event.output, base) : undefined;
    if (run !== undefined) return run;
  }
  return undefined;
}

/** Bytes of the run's partition files; undefined where that can't be read, as it is only for people to see how far a run is. */
export async function plannedBytes(place: RunPlace): Promise<number | undefined> {
  try {
    return (await readRecord(openPlace(place), layoutOf(place))).partitions.bytes;
  } catch {
    return undefined;
  }
}
