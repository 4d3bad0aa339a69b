import type { ProgressRecord } from '@cosmicai/payload';
import { describeFigures, describeSilence, elapsed } from '../progress/describe-figures.ts';
import { progressIn } from '../progress/progress-file.ts';
import { resumeCommand } from '../run/way-on.ts';

/** What an execution of this machine tells of a run that it is at work on, or was when it was killed. */
export interface UnderWay extends ProgressRecord {
  /** Folder of the execution. */
  readonly directory: string;
  /** Since it told that. */
  readonly heard_seconds: number;
}

/** Engines tell of a run every two seconds: one that hasn't for so long is no longer at work. */
const LOST_SECONDS = 15;

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

/** Lines for people. */
export function describeUnderWay({
  state,
  state_seconds: seconds,
  figures,
  pid,
  directory,
  ...known
}: UnderWay): string[] {
  const now = `${state}, ${elapsed(seconds)}${figures === null ? '' : `: ${describeFigures(figures)}`}`;
  if (known.heard_seconds < LOST_SECONDS) return [now, ...(figures?.silent ?? []).map(describeSilence)];
  return [
    `${now}; that was ${elapsed(known.heard_seconds)} ago. Nothing was heard since of process ${pid}: if it is gone, go on with: ${resumeCommand(directory)}`,
  ];
}
