import type { ProgressRecord } from '@cosmicai/payload';
import { progressIn } from './progress-file.ts';

/** What an execution of this machine tells of a run that it is at work on, or was when it was killed. */
export interface UnderWay extends ProgressRecord {
  /** Folder of the execution. */
  readonly directory: string;
  /** Since it told that. */
  readonly heard_seconds: number;
}

/**
 * @param executions folder of the executions
 * @param now epoch milliseconds
 * @returns by the ids of their runs; of several executions of a run the newest
 */
export function runsUnderWay(executions: string, now: number): ReadonlyMap<string, UnderWay> {
  const found = new Map<string, UnderWay>();
  for (const { directory, record } of progressIn(executions)) {
    if (record.run_id === null || found.has(record.run_id)) continue;
    const heard = Math.max(0, (now - Date.parse(record.written_at)) / 1000);
    found.set(record.run_id, { ...record, directory, heard_seconds: heard });
  }
  return found;
}
