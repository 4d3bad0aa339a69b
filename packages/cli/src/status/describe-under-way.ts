import { resumeCommand } from '@cosmicai/engine';
import { type UnderWay, describeFigures, describeSilence, elapsed } from '@cosmicai/runs';

/** Engines tell of a run every two seconds: one that hasn't for so long is no longer at work. */
const LOST_SECONDS = 15;

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
