import {
  executionProgress,
  executionRow,
  openStage,
  type ExecutionProgress,
  type RemoteExecution,
} from '@cosmicai/aws';
import { describeFigures, describeSilence } from '@cosmicai/runs';
import { formatPairs, formatTable } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';
import { seconds } from '../output/units.ts';

/** Executions listed; `aws stepfunctions list-executions` has them all. */
const SHOWN = 20;

/** Lists the newest executions of a stage, or says how far one of them is. */
export async function statusOnAws(
  name: string | undefined,
  { stage, json }: { readonly stage: string; readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const opened = await openStage(stage);
  const { workflow } = opened;
  if (name === undefined) {
    const executions = await workflow.recent(SHOWN);
    if (json) printJson(terminal, executions.map(executionRow));
    else if (executions.length === 0) printLine(terminal.stdout, `No executions on stage ${stage}.`);
    else printBlock(terminal.stdout, listed(executions));
    return;
  }
  const progress = await executionProgress(opened, name);
  if (json) printJson(terminal, progress);
  else printBlock(terminal.stdout, described(progress));
}

function listed(executions: readonly RemoteExecution[]): string {
  return formatTable<RemoteExecution>(
    [
      { title: 'execution', align: 'left', cell: (one) => one.name },
      { title: 'status', align: 'left', cell: (one) => one.status },
      { title: 'started', align: 'left', cell: (one) => one.startedAt.toISOString() },
      {
        title: 'took',
        cell: ({ startedAt, stoppedAt }) =>
          stoppedAt === undefined ? '–' : seconds((stoppedAt.getTime() - startedAt.getTime()) / 1000),
      },
    ],
    executions,
  );
}

function described(progress: ExecutionProgress): string {
  const { ranks, figures } = progress;
  return formatPairs([
    ['Execution', `${progress.execution}: ${progress.status}`],
    ['Run', progress.run_id ?? 'not planned yet'],
    ['Started', progress.started_at],
    ...(progress.stopped_at === null ? [] : ([['Stopped', progress.stopped_at]] as const)),
    ['States', progress.states.join(' → ')],
    ...(ranks === null
      ? []
      : ([
          [
            'Ranks',
            `${ranks.total} planned, ${ranks.succeeded} succeeded, ${ranks.failed} failed, ${ranks.aborted} aborted, ${ranks.pending} waiting`,
          ],
        ] as const)),
    ...(figures === null ? [] : ([['Now', describeFigures(figures)]] as const)),
    ...(figures?.silent ?? []).map((one) => ['Silent', describeSilence(one)] as const),
    ...(progress.error === null ? [] : ([['Error', `${progress.error}: ${progress.cause ?? ''}`]] as const)),
  ]);
}
