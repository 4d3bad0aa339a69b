import type { ExecutionProgress, ExecutionRow, Executions } from '@cosmicai/engine';
import { describeFigures, describeSilence } from '@cosmicai/runs';
import { formatPairs, formatTable } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';
import { seconds } from '../output/units.ts';

/** Executions listed: the engine's own tools, such as `aws stepfunctions list-executions`, have them all. */
const SHOWN = 20;

/** Lists the newest executions of an engine, or says how far one of them is. */
export async function showExecutions(
  executions: Executions,
  name: string | undefined,
  { json }: { readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  if (name === undefined) {
    const rows = await executions.recent(SHOWN);
    if (json) printJson(terminal, rows);
    else if (rows.length === 0) printLine(terminal.stdout, `No executions on ${executions.place}.`);
    else printBlock(terminal.stdout, listed(rows));
    return;
  }
  const progress = await executions.progress(name);
  if (json) printJson(terminal, progress);
  else printBlock(terminal.stdout, described(progress));
}

function listed(executions: readonly ExecutionRow[]): string {
  return formatTable<ExecutionRow>(
    [
      { title: 'execution', align: 'left', cell: (one) => one.execution },
      { title: 'status', align: 'left', cell: (one) => one.status },
      { title: 'started', align: 'left', cell: (one) => one.started_at },
      {
        title: 'took',
        cell: ({ started_at: from, stopped_at: to }) =>
          to === null ? '–' : seconds((Date.parse(to) - Date.parse(from)) / 1000),
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
