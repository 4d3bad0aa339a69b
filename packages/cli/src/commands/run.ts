import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UserInputError } from '@cosmicai/payload';
import { Command } from 'commander';
import { z } from 'zod';
import { decimalNumber, wholeNumber } from '../inputs/options.ts';
import { EXIT } from '../output/errors.ts';
import { printJson, printLine, type Terminal } from '../output/terminal.ts';
import { describeRun } from '../run/describe-run.ts';
import { execute, type Execution } from '../run/execute.ts';
import { readOutcome, reportsByRank, type RunOutcome } from '../run/outcome.ts';
import { composePayload, readPayload, type PayloadOptions } from '../run/payload.ts';

interface RunOptions extends PayloadOptions {
  readonly model?: string;
  readonly memory: number;
  readonly concurrency?: number;
  readonly store?: string;
  readonly definition?: string;
  readonly functions?: string;
  readonly resume?: string;
  readonly json?: boolean;
}

/** Memory of the deployed inference function (config/default.yml), so that a local run fails where the deployed one would. */
const RANK_MEMORY_MIB = 3008;

export function runCommand(terminal: Terminal): Command {
  return new Command('run')
    .summary('run the whole workflow on this machine')
    .description(
      'Runs the deployed state machine on this machine: plan, one process per rank, combine. Takes the same payloads.',
    )
    .argument('[payload]', 'payload file (.json), as the deployed state machine takes it')
    .option('-n, --world-size <n>', 'number of ranks', wholeNumber(1, 10_000))
    .option('-b, --batch-size <n>', 'samples in one forward pass', wholeNumber(1))
    .option('--file-limit <n>', 'use at most this many partition files', wholeNumber(1))
    .option('-d, --data <folder>', 'folder or s3:// address of the partition files')
    .option(
      '-r, --results <folder>',
      'folder or s3:// address for the results; default: ./results without a payload file',
    )
    .option('-m, --model <file>', 'ONNX model; default: the demo model')
    .option('--max-concurrency <n>', 'ranks that the Map may run at once', wholeNumber(1, 10_000))
    .option('--tolerate <percent>', 'percentage of ranks that may fail', decimalNumber(0, 100))
    .option('--memory <MB>', 'memory of a rank', wholeNumber(128, 10_240), RANK_MEMORY_MIB)
    .option('-c, --concurrency <n>', 'processes at once on this machine; default: one per core', wholeNumber(1))
    .option(
      '--store <address>',
      'where bare bucket names lie: s3:// or file:///folder; default: COSMICAI_STORE or s3://',
    )
    .option('--definition <file>', 'run this state machine instead (Amazon States Language, JSON or YAML)')
    .option('--functions <file>', 'which of our functions stands for which name in --definition')
    .option('--resume <folder>', 'go on with an interrupted or failed execution')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  cosmicai run --data ./partitions --world-size 4 --batch-size 128\n  cosmicai run payload.json --store file:///data/buckets\n  cosmicai run --resume results/executions/20260304T050607Z-1a2b\n',
    )
    .action(async (file: string | undefined, options: RunOptions) => {
      process.exitCode = await run(file, options, terminal);
    });
}

async function run(file: string | undefined, options: RunOptions, terminal: Terminal): Promise<number> {
  const payload =
    options.resume === undefined
      ? composePayload(file === undefined ? {} : await readPayload(file, terminal.cwd), options, terminal.cwd)
      : await earlierPayload(resolve(terminal.cwd, options.resume));
  const execution = await execute({ ...options, payload }, terminal);
  const outcome = await outcomeOf(execution, options.store);
  if (options.json)
    printJson(terminal, {
      status: execution.status,
      error: execution.error,
      cause: execution.cause,
      directory: execution.directory,
      summary: outcome?.summary ?? null,
      ranks: outcome?.table.rows ?? [],
    });
  else if (outcome !== undefined)
    printLine(terminal.stdout, `${describeRun(outcome)}\n\n${places(execution, outcome)}`);
  return conclude(execution, terminal);
}

/** Says how the execution ended; answers the exit code. */
export function conclude(execution: Execution, terminal: Terminal): number {
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

const startSchema = z.object({ input: z.record(z.string(), z.unknown()) });

async function earlierPayload(directory: string): Promise<Record<string, unknown>> {
  try {
    return startSchema.parse(JSON.parse(await readFile(join(directory, 'run.json'), 'utf8'))).input;
  } catch (error) {
    throw new UserInputError(`${directory} holds no execution to go on with.`, { cause: error });
  }
}

const summarizeAnswer = z.object({ run_id: z.string(), summary_key: z.string() });
const runReference = z.object({ run: z.object({ run_id: z.string(), bucket: z.string(), result_path: z.string() }) });

/** The run that an execution made, if it came as far as a summary. */
export async function outcomeOf(execution: Execution, base?: string): Promise<RunOutcome | undefined> {
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
