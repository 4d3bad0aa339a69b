import { plannedRunOf } from '@cosmicai/engine';
import type { RunEvent } from '@cosmicai/payload';
import type { RunPlace } from '@cosmicai/runs';

/** Our functions that write a summary. Their answers don't show: definitions of users may keep only a part of them. */
const SUMMARIZERS = new Set(['summarize', 'resultSummary']);

/** The run that an execution made, if it came as far as a summary. @param base where bare bucket names lie */
export function placeOf(events: readonly RunEvent[], base: string | undefined): RunPlace | undefined {
  const summarized = events.some(
    (event) =>
      event.type === 'FunctionEnded' &&
      SUMMARIZERS.has(event.report.functionName) &&
      event.report.errorType === undefined,
  );
  return summarized ? plannedRunOf(events, base) : undefined;
}
