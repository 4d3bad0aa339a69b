import { assembleRunReport, runReportHtml } from '@cosmicai/report';
import { functionMessage, runLayout, type RunSummary } from '@cosmicai/payload';
import { readableAddress } from '@cosmicai/store';
import { EXIT } from '../output/errors.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { gatherRun } from '../report/gather-run.ts';
import { openPlace, type RunPlace } from '../report/run-place.ts';
import { describeRun } from './describe-run.ts';
import type { Execution } from './execute.ts';
import { plannedRunIn } from './planned-run.ts';

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
  const material = await gatherRun(place, execution);
  const report = assembleRunReport(material);
  const page = options.report === false ? undefined : `${runLayout(place.resultPath, place.runId).folder}/report.html`;
  if (page !== undefined) {
    const base = options.store ?? place.base;
    await openPlace({ ...place, base }).put(page, await runReportHtml(report));
  }
  if (options.json)
    printJson(terminal, { status, error, cause, directory, summary: material.summary, ranks: report.ranks });
  else
    printLine(
      terminal.stdout,
      `${describeRun(report, material.summary)}\n\n${places(execution, material.summary, page)}`,
    );
  return conclude(execution, terminal);
}

/** Says how the execution ended; answers the exit code. */
function conclude(execution: Execution, terminal: Terminal): number {
  if (execution.status === 'SUCCEEDED') return EXIT.done;
  if (execution.status === 'ABORTED') {
    printLine(
      terminal.stderr,
      `Stopped. Go on with: ${execution.goOn ?? `cosmicai run --resume ${execution.directory}`}`,
    );
    return EXIT.interrupted;
  }
  printLine(
    terminal.stderr,
    `\nThe run failed: ${execution.error ?? execution.status}\n${functionMessage(execution.cause ?? '')}`,
  );
  printLine(terminal.stderr, `Events and logs: ${execution.directory}`);
  return WRONG_INPUT.has(execution.error ?? '') ? EXIT.wrongUse : EXIT.failed;
}

/** Errors of Initialize that only the sender of the payload can mend. */
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
  if (!summarized) return undefined;
  for (const event of execution.events) {
    const run = event.type === 'StateExited' && event.in === undefined ? plannedRunIn(event.output) : undefined;
    if (run !== undefined) return { bucket: run.bucket, resultPath: run.result_path, runId: run.run_id, base };
  }
  return undefined;
}

function places(execution: Execution, summary: RunSummary, page: string | undefined): string {
  const folder = readableAddress(summary.bucket, summary.result_path);
  return [
    ...(page === undefined ? [] : [`Report       ${readableAddress(summary.bucket, page)}`]),
    // The combined data of a failed run are not published.
    ...(summary.status === 'FAILED' ? [] : [`Results      ${folder}/combined_data.json, <rank>.json`]),
    `This run     ${folder}/runs/${summary.run_id}/ (summary.json, predictions/<rank>.parquet)`,
    `Events, logs ${execution.directory}`,
  ].join('\n');
}
