import { functionNameOf, type RankLine, type UnnumberedEvent } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import { plannedBytes, plannedRunIn } from '../run/planned-run.ts';
import type { RunProgress } from '../run/run-progress.ts';
import { follow, type Followed, type FunctionLogs, ranksOver, wallClock, watchRanks } from '@cosmicai/aws';
import type { StageRun } from './stage-run.ts';

/**
 * Follows an execution to its end and shows how far it is: its states, the counts of its Map, and what its ranks log.
 *
 * @throws the abort reason when the terminal's signal fires; the execution goes on
 */
export async function followShown(
  { stage, terminal, called }: StageRun,
  arn: string,
  logs: FunctionLogs,
  shown: RunProgress,
): Promise<Followed> {
  const over = new AbortController();
  const signal = AbortSignal.any([terminal.signal, over.signal]);
  let run: { readonly run_id: string; readonly from: number } | undefined;
  let isWatched = false;
  const watch = (event: UnnumberedEvent) => {
    const planned = event.type === 'StateExited' ? plannedRunIn(event.output) : undefined;
    if (planned !== undefined && run === undefined) {
      run = { run_id: planned.run_id, from: Date.parse(event.time) };
      const open = (bucket: string) => openStore(bucket, { base: 's3://' });
      void plannedBytes(planned, open).then((bytes) => bytes !== undefined && shown.plan(bytes));
    }
    if (event.type !== 'MapRunStarted' || run === undefined || isWatched) return;
    isWatched = true;
    const query = { logs, functionName: functionNameOf(called.rank), runId: run.run_id, from: run.from };
    // The counts go on to tell how far the run is where its logs can't be read.
    watchRanks({ ...query, clock: wallClock, signal }, (line) => tell(line, shown)).catch(() => undefined);
  };
  try {
    return await follow({
      workflow: stage.workflow,
      arn,
      clock: wallClock,
      signal: terminal.signal,
      onEvent: (event) => {
        shown.show({ ...event, id: 0 });
        watch(event);
      },
      onRanks: (state, mapRun) => {
        const { counts, atWork } = ranksOver(mapRun);
        shown.showRanks(state, counts, atWork);
      },
      describesChildren: called.childType === 'STANDARD',
    });
  } finally {
    over.abort(new Error('The execution is over.'));
  }
}

function tell(line: RankLine, shown: RunProgress): void {
  switch (line.message) {
    case 'rank begins':
      shown.rankBegins(line.rank);
      return;
    case 'rank at work':
      shown.rankHeard(line);
      return;
    case 'rank ends':
      shown.rankEnds(line.rank, line.samples);
  }
}
