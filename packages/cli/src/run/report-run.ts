import { assembleRunReport, billJson, runReportHtml } from '@cosmicai/report';
import { CosmicError, functionMessage, shellWord, type RunSummary } from '@cosmicai/payload';
import { gatherRun } from '@cosmicai/runs/gather';
import { readableAddress } from '@cosmicai/store';
import { BrokenOffError, goOnWith, isOutside, refusalOf, type ExecutionCommands, type Outcome } from '@cosmicai/engine';
import { EXIT } from '../output/errors.ts';
import { formatLines, setIn } from '../output/table.ts';
import { printBlock, printJson, printLine, type Terminal } from '../output/terminal.ts';
import { layoutOf, openPlace, type RunPlace } from '@cosmicai/runs';
import { VERSIONS } from '../output/versions.ts';
import { describeRun } from './describe-run.ts';

export interface ReportingOptions {
  readonly json?: boolean;
  /** Write report.html; default true. */
  readonly report?: boolean;
}

/** Prints what became of an execution, tables or JSON, and leaves report.html in the run's folder; answers the exit code. */
export async function reportExecution(
  outcome: Outcome,
  { goOn }: ExecutionCommands,
  options: ReportingOptions,
  terminal: Terminal,
): Promise<number> {
  const { status, error, cause, directory, place } = outcome;
  for (const warning of outcome.warnings ?? []) printLine(terminal.stderr, `Note: ${warning}`);
  if (place === undefined) {
    if (options.json) printJson(terminal, { status, error, cause, directory, summary: null, ranks: [] });
    return conclude(outcome, goOn, terminal);
  }
  const whatToGather = { forPage: options.report !== false, checkAll: false };
  const material = await gatherRun(place, outcome, whatToGather).catch((unread: unknown) => {
    // What is gone or damaged since is found, and made again, by who goes on with the run.
    throw unread instanceof CosmicError ? new BrokenOffError(unread, goOn) : unread;
  });
  const report = assembleRunReport({ ...material, versions: VERSIONS });
  const { folder } = layoutOf(place);
  const { url } = openPlace(place);
  const page = options.report === false ? undefined : `${folder}/report.html`;
  const bill = billJson(report);
  const lost =
    (bill === undefined ? undefined : await reasonLost(`${folder}/bill.json`, bill, place)) ??
    (page === undefined ? undefined : await reasonLost(page, await runReportHtml(report), place));
  if (options.json)
    printJson(terminal, { status, error, cause, directory, summary: material.summary, ranks: report.ranks });
  else
    printBlock(
      terminal.stdout,
      `${describeRun(report, material.summary)}\n\n${places(url, outcome, material.summary, lost === undefined ? page : undefined)}`,
    );
  const code = conclude(outcome, goOn, terminal);
  if (lost === undefined) return code;
  throw new BrokenOffError(lost, `cosmicai report ${shellWord(readableAddress(url, folder))}`);
}

/** Writes what the run is done without all the same; answers why it can't be written, if it can't. */
async function reasonLost(name: string, text: string, place: RunPlace): Promise<unknown> {
  try {
    await openPlace(place).put(name, text);
    return undefined;
  } catch (error) {
    if (!isOutside(error)) throw error;
    return error;
  }
}

/** Says how the execution ended; answers the exit code. */
function conclude(outcome: Outcome, goOn: string, terminal: Terminal): number {
  const { status, error, cause = '', directory } = outcome;
  if (status === 'SUCCEEDED') return EXIT.done;
  if (status === 'ABORTED') {
    printLine(terminal.stderr, `Stopped. Go on with: ${goOn}`);
    return EXIT.interrupted;
  }
  printBlock(terminal.stderr, `\nThe run failed: ${error ?? status}\n${setIn(functionMessage(cause))}`);
  printLine(terminal.stderr, `Events and logs: ${directory}`);
  if (refusalOf(outcome) !== undefined) return EXIT.wrongUse;
  printLine(terminal.stderr, goOnWith(goOn));
  return EXIT.failed;
}

function places(url: string, { directory }: Outcome, summary: RunSummary, page: string | undefined): string {
  const folder = readableAddress(url, summary.result_path);
  return formatLines([
    ...(page === undefined ? [] : [`Report       ${readableAddress(url, page)}`]),
    // The combined data of a failed run are not published.
    ...(summary.status === 'FAILED' ? [] : [`Results      ${folder}/combined_data.json, <rank>.json`]),
    `This run     ${folder}/runs/${summary.run_id}/ (summary.json, predictions/<rank>.parquet)`,
    `Events, logs ${directory}`,
  ]);
}
