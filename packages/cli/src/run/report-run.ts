import { assembleRunReport, runReportHtml } from '@cosmicai/report';
import { functionMessage, runLayout, shellWord, type RunSummary } from '@cosmicai/payload';
import { gatherRun } from '@cosmicai/runs/gather';
import { readableAddress } from '@cosmicai/store';
import { BrokenOffError, EXIT, goOnWith, isOutside } from '../output/errors.ts';
import { formatLines, setIn } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';
import { openPlace, type RunPlace } from '@cosmicai/runs';
import { VERSIONS } from '../output/versions.ts';
import { describeRun } from './describe-run.ts';
import type { Execution } from './execute.ts';
import { plannedRunIn } from './planned-run.ts';
import { resumeCommand } from './way-on.ts';

export interface ReportingOptions {
  readonly json?: boolean;
  /** Where bare bucket names lie. */
  readonly store?: string;
  /** Write report.html; default true. */
  readonly report?: boolean;
}

/** Prints what became of an execution, tables or JSON, and leaves report.html in the run's folder; answers the exit code. */
export async function reportExecution(
  execution: Execution,
  options: ReportingOptions,
  terminal: Terminal,
): Promise<number> {
  const { status, error, cause, directory } = execution;
  const place = 'place' in execution ? execution.place : placeOf(execution, options.store);
  if (place === undefined) {
    if (options.json) printJson(terminal, { status, error, cause, directory, summary: null, ranks: [] });
    return conclude(execution, terminal);
  }
  const material = await gatherRun(place, execution, { cutouts: options.report !== false });
  const report = assembleRunReport({ ...material, versions: VERSIONS });
  const { folder } = runLayout(place.resultPath, place.runId);
  const page = options.report === false ? undefined : `${folder}/report.html`;
  const lost = page === undefined ? undefined : await reasonLost(page, await runReportHtml(report), place, options);
  if (options.json)
    printJson(terminal, { status, error, cause, directory, summary: material.summary, ranks: report.ranks });
  else
    printBlock(
      terminal.stdout,
      `${describeRun(report, material.summary)}\n\n${places(execution, material.summary, lost === undefined ? page : undefined)}`,
    );
  const code = conclude(execution, terminal);
  if (lost === undefined) return code;
  throw new BrokenOffError(lost, `cosmicai report ${shellWord(readableAddress(place.bucket, folder))}`);
}

/** Writes the page, without which the run is done all the same; answers why it can't be written, if it can't. */
async function reasonLost(page: string, html: string, place: RunPlace, options: ReportingOptions): Promise<unknown> {
  const base = options.store ?? place.base;
  try {
    await openPlace({ ...place, base }).put(page, html);
    return undefined;
  } catch (error) {
    if (!isOutside(error)) throw error;
    return error;
  }
}

/** Says how the execution ended; answers the exit code. */
function conclude(execution: Execution, terminal: Terminal): number {
  if (execution.status === 'SUCCEEDED') return EXIT.done;
  if (execution.status === 'ABORTED') {
    printLine(terminal.stderr, `Stopped. Go on with: ${execution.goOn ?? resumeCommand(execution.directory)}`);
    return EXIT.interrupted;
  }
  printBlock(
    terminal.stderr,
    `\nThe run failed: ${execution.error ?? execution.status}\n${setIn(functionMessage(execution.cause ?? ''))}`,
  );
  printLine(terminal.stderr, `Events and logs: ${execution.directory}`);
  if (plannedRun(execution) === undefined && WRONG_INPUT.has(execution.error ?? '')) return EXIT.wrongUse;
  printLine(terminal.stderr, goOnWith(execution.goOn ?? resumeCommand(execution.directory)));
  return EXIT.failed;
}

/** Errors of Initialize that only the sender of the payload can mend. Once there is a plan they tell of what a run lost. */
const WRONG_INPUT = new Set([
  'InvalidInputError',
  'UserInputError',
  'NoSuchBucketError',
  'InvalidAddressError',
  'NotFoundError',
]);

/** Our functions that write a summary. Their answers don't show: definitions of users may keep only a part of them. */
const SUMMARIZERS = new Set(['summarize', 'resultSummary']);

/** The run that an execution made, if it came as far as a summary. */
export function placeOf(execution: Execution, base: string | undefined): RunPlace | undefined {
  const summarized = execution.events.some(
    (event) =>
      event.type === 'FunctionEnded' &&
      SUMMARIZERS.has(event.report.functionName) &&
      event.report.errorType === undefined,
  );
  const run = summarized ? plannedRun(execution) : undefined;
  return run && { bucket: run.bucket, resultPath: run.result_path, runId: run.run_id, base };
}

/** The run that an execution planned, if it came so far. */
function plannedRun({ events }: Execution): ReturnType<typeof plannedRunIn> {
  // One that was killed when it had just planned plans another run: the last is the one that it made.
  for (const event of events.toReversed()) {
    const run = event.type === 'StateExited' && event.in === undefined ? plannedRunIn(event.output) : undefined;
    if (run !== undefined) return run;
  }
  return undefined;
}

function places(execution: Execution, summary: RunSummary, page: string | undefined): string {
  const folder = readableAddress(summary.bucket, summary.result_path);
  return formatLines([
    ...(page === undefined ? [] : [`Report       ${readableAddress(summary.bucket, page)}`]),
    // The combined data of a failed run are not published.
    ...(summary.status === 'FAILED' ? [] : [`Results      ${folder}/combined_data.json, <rank>.json`]),
    `This run     ${folder}/runs/${summary.run_id}/ (summary.json, predictions/<rank>.parquet)`,
    `Events, logs ${execution.directory}`,
  ]);
}
