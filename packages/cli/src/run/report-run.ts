import { z } from 'zod';
import { EXIT } from '../output/errors.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { describeRun } from './describe-run.ts';
import type { Execution } from './execute.ts';
import { readOutcome, reportsByRank, type RunOutcome } from './outcome.ts';

/** Prints what became of an execution, tables or JSON; answers the exit code. */
export async function report(
  execution: Execution,
  { json = false, store }: { readonly json?: boolean; readonly store?: string },
  terminal: Terminal,
): Promise<number> {
  const outcome = await outcomeOf(execution, store);
  if (json) {
    const { status, error, cause, directory } = execution;
    printJson(terminal, {
      status,
      error,
      cause,
      directory,
      summary: outcome?.summary ?? null,
      ranks: outcome?.table.rows ?? [],
    });
  } else if (outcome !== undefined)
    printLine(terminal.stdout, `${describeRun(outcome)}\n\n${places(execution, outcome)}`);
  return conclude(execution, terminal);
}

/** Says how the execution ended; answers the exit code. */
function conclude(execution: Execution, terminal: Terminal): number {
  if (execution.status === 'SUCCEEDED') return EXIT.done;
  if (execution.status === 'ABORTED') {
    printLine(terminal.stderr, `Stopped. Go on with: cosmicai run --resume ${execution.directory}`);
    return EXIT.interrupted;
  }
  printLine(
    terminal.stderr,
    `\nThe run failed: ${execution.error ?? 'unknown error'}\n${messageIn(execution.cause ?? '')}`,
  );
  printLine(terminal.stderr, `Events and logs: ${execution.directory}`);
  return wrongInput(execution) ? EXIT.wrongUse : EXIT.failed;
}

/** Errors of Initialize that only the sender of the payload can mend. */
const WRONG_INPUT = new Set([
  'InvalidInputError',
  'UserInputError',
  'NoSuchBucketError',
  'InvalidAddressError',
  'NotFoundError',
]);

function wrongInput(execution: Execution): boolean {
  return execution.error !== undefined && WRONG_INPUT.has(execution.error);
}

const lambdaCause = z.object({ errorMessage: z.string() });

/** The function's own message, which Lambda wraps in JSON. */
function messageIn(cause: string): string {
  try {
    return lambdaCause.parse(JSON.parse(cause)).errorMessage;
  } catch {
    return cause;
  }
}

const summarizeAnswer = z.object({ run_id: z.string(), summary_key: z.string() });
const runReference = z.object({ run: z.object({ run_id: z.string(), bucket: z.string(), result_path: z.string() }) });

/** The run that an execution made, if it came as far as a summary. */
async function outcomeOf(execution: Execution, base?: string): Promise<RunOutcome | undefined> {
  const outputs = execution.events.flatMap((event) =>
    event.type === 'StateExited' && event.in === undefined ? [event.output] : [],
  );
  const initialized = outputs.flatMap((output) => findRun(output))[0];
  const summarized = outputs.some((output) => summarizeAnswer.safeParse(output).success);
  if (initialized === undefined || !summarized) return undefined;
  return readOutcome(initialized, reportsByRank(execution.events), base);
}

function findRun(output: unknown): { bucket: string; resultPath: string; runId: string }[] {
  const parsed = runReference.safeParse(output);
  if (!parsed.success) return [];
  const { bucket, result_path: resultPath, run_id: runId } = parsed.data.run;
  return [{ bucket, resultPath, runId }];
}

function places(execution: Execution, { summary }: RunOutcome): string {
  const folder = `${summary.bucket}/${summary.result_path}`;
  return [
    `Results      ${folder}/combined_data.json, <rank>.json`,
    `This run     ${folder}/runs/${summary.run_id}/ (summary.json, predictions/<rank>.parquet)`,
    `Events, logs ${execution.directory}`,
  ].join('\n');
}
