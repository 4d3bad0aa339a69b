import { UserInputError } from '@cosmicai/payload';
import type { PayloadOptions } from '../inputs/payload-options.ts';
import { EXIT } from '../output/errors.ts';
import { printBlock, printLine, type Terminal } from '../output/terminal.ts';
import type { Execution } from '../run/execute.ts';
import { readPayload } from '../run/payload.ts';
import { reportExecution } from '../run/report-run.ts';
import { RunProgress } from '../run/run-progress.ts';
import { findExecutionToRepair, lambdaFunctions, numbered, rerunFailedRanks, runOf, wallClock } from '@cosmicai/aws';
import {
  basicsOf,
  followToEnd,
  keepOnStage,
  openStageRun,
  reportsIn,
  startOnStage,
  type StageRun,
} from './stage-run.ts';

export interface AwsRunOptions extends PayloadOptions {
  readonly stage: string;
  readonly model?: string;
  /** Name of an execution under way to follow, instead of starting one. */
  readonly attach?: string;
  /** Name of an execution whose failed ranks run again; true: the newest one that failed. */
  readonly onlyFailed?: string | true;
  readonly report?: boolean;
  readonly json?: boolean;
}

/** Runs on a deployed stage: uploads what is missing, starts, follows, collects, reports. Answers the exit code. */
export async function runOnAws(file: string | undefined, options: AwsRunOptions, terminal: Terminal): Promise<number> {
  const run = await openStageRun(options.stage, terminal);
  if (options.onlyFailed !== undefined) return reportRun(await repair(run, options.onlyFailed), options, run);
  const arn =
    options.attach === undefined
      ? await startOnStage(run, file === undefined ? {} : await readPayload(file, terminal.cwd), options)
      : run.stage.workflow.arnOf(options.attach);
  return reportRun(await untilInterrupted(run, arn), options, run);
}

/** Undefined: following was interrupted, the execution goes on. */
async function reportRun(execution: Execution | undefined, options: AwsRunOptions, run: StageRun): Promise<number> {
  if (execution === undefined) return EXIT.interrupted;
  const { terminal } = run;
  for (const warning of execution.warnings ?? []) printLine(terminal.stderr, `Note: ${warning}`);
  await keepOnStage(execution, run);
  // Bare bucket names mean S3 here, whatever COSMICAI_STORE says of runs on this machine.
  return reportExecution(execution, { ...options, store: 's3://' }, terminal);
}

async function untilInterrupted(run: StageRun, arn: string): Promise<Execution | undefined> {
  const { stage, terminal } = run;
  try {
    return await followToEnd(run, arn);
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
    const name = arn.split(':').at(-1)!;
    printBlock(
      terminal.stderr,
      `No longer following; the execution goes on.\nFollow it again: cosmicai run --target aws --stage ${stage.name} --attach ${name}\nStop it:         cosmicai stop --stage ${stage.name} ${name}`,
    );
    return undefined;
  }
}

/** Goes on with an execution that ended badly: its failed ranks, and what follows them. */
async function repair(run: StageRun, asked: string | true): Promise<Execution | undefined> {
  const { stage, terminal } = run;
  const { execution, history, redrives } = await findExecutionToRepair(stage.workflow, asked);
  if (redrives) {
    printLine(terminal.stderr, `Redriving ${execution.arn}`);
    await stage.workflow.redrive(execution.arn);
    return untilInterrupted(run, execution.arn);
  }
  const place = runOf(history);
  if (place === undefined)
    throw new UserInputError(
      `Execution ${execution.name} failed before its ranks were planned, so there are none to run again. Start a new one.`,
    );
  printLine(terminal.stderr, `Running the failed ranks of run ${place.runId} again`);
  using shown = new RunProgress(terminal);
  const rerun = await rerunFailedRanks({
    run: place,
    store: stage.store,
    functions: await lambdaFunctions(stage.options.region),
    called: run.called,
    clock: wallClock,
    signal: terminal.signal,
    onEvent: (event) => shown.show({ ...event, id: 0 }),
  });
  const events = numbered(rerun.events);
  return {
    ...basicsOf(run, execution, '-failed-ranks'),
    status: rerun.status,
    output: null,
    ...(rerun.error !== undefined && { error: rerun.error }),
    ...(rerun.cause !== undefined && { cause: rerun.cause }),
    events,
    reports: reportsIn(events),
    place,
    warnings: [
      `Events, cost and REPORT figures are of running ranks ${rerun.ranks.join(', ')} again; those of the first attempt are in execution ${execution.name}.`,
    ],
  };
}
