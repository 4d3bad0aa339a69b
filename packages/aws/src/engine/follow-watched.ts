import { plannedBytes, plannedRunIn, type Watch } from '@cosmicai/engine';
import { functionNameOf, type RankLine, type UnnumberedEvent } from '@cosmicai/payload';
import { ranksOver } from '../progress/rank-figures.ts';
import { watchRanks } from '../progress/rank-lines.ts';
import { follow, type Followed } from '../run/follow.ts';
import type { FunctionLogs } from '../services/function-logs.ts';
import { wallClock } from '../services/wait.ts';
import type { StageRun } from './stage-run.ts';

/**
 * Follows an execution to its end and tells how far it is: its states, the counts of its Map, and what its ranks log.
 *
 * @throws the abort reason when the watch's signal fires; the execution goes on
 */
export async function followWatched(
  { stage, called }: StageRun,
  arn: string,
  logs: FunctionLogs,
  { see, hear = () => undefined, signal: wanted }: Watch,
): Promise<Followed> {
  const over = new AbortController();
  const signal = AbortSignal.any([wanted, over.signal]);
  let seen = 0;
  let run: { readonly run_id: string; readonly from: number } | undefined;
  let isWatched = false;
  const watch = (event: UnnumberedEvent) => {
    const planned = event.type === 'StateExited' ? plannedRunIn(event.output, 's3://') : undefined;
    if (planned !== undefined && run === undefined) {
      run = { run_id: planned.runId, from: Date.parse(event.time) };
      void plannedBytes(planned).then((bytes) => {
        if (bytes !== undefined) hear({ type: 'BytesPlanned', bytes });
      });
    }
    if (event.type !== 'MapRunStarted' || run === undefined || isWatched) return;
    isWatched = true;
    const query = { logs, functionName: functionNameOf(called.rank), runId: run.run_id, from: run.from };
    // The counts go on to tell how far the run is where its logs can't be read.
    watchRanks({ ...query, clock: wallClock, signal }, (line) => tell(line, hear)).catch(() => undefined);
  };
  try {
    return await follow({
      workflow: stage.workflow,
      arn,
      clock: wallClock,
      signal: wanted,
      onEvent: (event) => {
        see({ ...event, id: ++seen });
        watch(event);
      },
      onRanks: (state, mapRun) => {
        hear({ type: 'RanksCounted', state, ...ranksOver(mapRun) });
      },
      describesChildren: called.childType === 'STANDARD',
    });
  } finally {
    over.abort(new Error('The execution is over.'));
  }
}

function tell(line: RankLine, hear: NonNullable<Watch['hear']>): void {
  switch (line.message) {
    case 'rank begins':
      hear({ type: 'RankBegan', rank: line.rank });
      return;
    case 'rank at work':
      hear({ type: 'RankAtWork', progress: line });
      return;
    case 'rank ends':
      hear({ type: 'RankDone', rank: line.rank, samples: line.samples });
  }
}
