import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { JsonObject } from '@cosmicai/local';
import { runLayout, UserInputError } from '@cosmicai/payload';
import { openStore } from '@cosmicai/store';
import type { PayloadOptions } from '../inputs/payload-options.ts';
import { EXIT } from '../output/errors.ts';
import { progress } from '../output/progress.ts';
import { printLine, type Terminal } from '../output/terminal.ts';
import { EXECUTION_FILE, type RunPlace } from '../report/gather-run.ts';
import type { FunctionSize } from '../report/usage.ts';
import type { Execution } from '../run/execute.ts';
import { readPayload } from '../run/payload.ts';
import { reportExecution } from '../run/report-run.ts';
import { RunProgress } from '../run/run-progress.ts';
import { calledFunctions, type CalledFunctions } from './called-functions.ts';
import { collect, numbered } from './collect.ts';
import { findExecutionToRepair, runOf } from './find-execution.ts';
import { follow, type Followed } from './follow.ts';
import { cloudWatchLogs } from './function-logs.ts';
import { lambdaFunctions } from './function-service.ts';
import { keepExecution } from './keep-execution.ts';
import { rerunFailedRanks } from './rerun-ranks.ts';
import { composeStagePayload } from './stage-payload.ts';
import { openStage, type DeployedStage } from './stage.ts';
import { uploadModel, uploadPartitions } from './upload.ts';
import { wallClock } from './wait.ts';
import type { RemoteExecution } from './workflow-service.ts';

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
  const stage = await openStage(options.stage);
  const definition = await stage.workflow.definition();
  const called = calledFunctions(definition);
  const run = { stage, definition, called, terminal };
  if (options.onlyFailed !== undefined) return reportRun(await repair(run, options.onlyFailed), options, run);
  const arn =
    options.attach === undefined ? await start(file, options, stage, terminal) : stage.workflow.arnOf(options.attach);
  return reportRun(await followToEnd(run, arn), options, run);
}

interface StageRun {
  readonly stage: DeployedStage;
  readonly definition: JsonObject;
  readonly called: CalledFunctions;
  readonly terminal: Terminal;
}

/** Undefined: following was interrupted, the execution goes on. */
async function reportRun(
  execution: Execution | undefined,
  options: AwsRunOptions,
  { terminal, stage }: StageRun,
): Promise<number> {
  if (execution === undefined) return EXIT.interrupted;
  for (const warning of execution.warnings ?? []) printLine(terminal.stderr, `Note: ${warning}`);
  keepExecution(execution, stage.name);
  if (execution.place !== undefined) {
    const { events, definition, functions, warnings } = execution;
    const key = `${runLayout(execution.place.resultPath, execution.place.runId).folder}/${EXECUTION_FILE}`;
    await stage.store.put(key, JSON.stringify({ events, definition, functions, warnings }));
  }
  // Bare bucket names mean S3 here, whatever COSMICAI_STORE says of runs on this machine.
  return reportExecution(execution, { ...options, store: 's3://' }, terminal);
}

/** Brings what the run needs into the bucket and starts it; answers the execution's ARN. */
async function start(
  file: string | undefined,
  options: AwsRunOptions,
  stage: DeployedStage,
  terminal: Terminal,
): Promise<string> {
  const { store } = stage;
  const read = file === undefined ? {} : await readPayload(file, terminal.cwd);
  const { payload, upload } = composeStagePayload(read, options, stage, terminal.cwd);
  if (upload !== undefined) {
    const bar = progress(terminal, `Uploading to s3://${stage.bucket}/${upload.prefix}`);
    const { signal } = terminal;
    const { sent, kept } = await uploadPartitions(upload.folder, store, upload.prefix, {
      signal,
      onFile: (done, total, name) => bar.update(done, total, name),
    });
    bar.done();
    printLine(terminal.stderr, `Partitions: ${sent.length} uploaded, ${kept.length} there already`);
  }
  if (options.model !== undefined) {
    const folder = stage.options.prefixes.models[0] ?? 'models';
    const path = resolve(terminal.cwd, options.model);
    const { key, sent } = await uploadModel(path, store, folder, { signal: terminal.signal });
    payload.model = key;
    printLine(terminal.stderr, `Model: ${key} ${sent.length > 0 ? 'uploaded' : 'is there already'}`);
  }
  terminal.signal.throwIfAborted();
  const arn = await stage.workflow.start(executionName(), payload as JsonObject);
  printLine(terminal.stderr, `Execution ${arn}`);
  return arn;
}

function executionName(): string {
  return `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}-${randomUUID().slice(0, 8)}`;
}

async function followToEnd(run: StageRun, arn: string): Promise<Execution | undefined> {
  const { stage, terminal, called } = run;
  const shown = new RunProgress(terminal);
  let followed: Followed;
  try {
    followed = await follow({
      workflow: stage.workflow,
      arn,
      clock: wallClock,
      signal: terminal.signal,
      onEvent: (event) => shown.show({ ...event, id: 0 }),
      onRanks: (state, ended, total) => shown.showRanks(state, ended, total),
      describesChildren: called.childType === 'STANDARD',
    });
  } catch (error) {
    if (!terminal.signal.aborted) throw error;
    const name = arn.split(':').at(-1)!;
    printLine(
      terminal.stderr,
      `No longer following; the execution goes on.\nFollow it again: cosmicai run --target aws --stage ${stage.name} --attach ${name}\nStop it:         cosmicai stop --stage ${stage.name} ${name}`,
    );
    return undefined;
  }
  const { events, warnings } = await collect({
    followed,
    workflow: stage.workflow,
    logs: await cloudWatchLogs(stage.options.region),
    openStore: (bucket) => openStore(bucket, { base: 's3://' }),
    functionNames: called.names,
    clock: wallClock,
    signal: terminal.signal,
  });
  const { execution } = followed;
  const { status, error, cause } = execution;
  return {
    ...basicsOf(run, execution),
    status: status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'FAILED' : status,
    output: execution.output === undefined ? null : (JSON.parse(execution.output) as JsonObject),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
    events,
    reports: reportsIn(events),
    place: await summarizedPlace(run, followed),
    warnings,
  };
}

/** Goes on with an execution that ended badly: its failed ranks, and what follows them. */
async function repair(run: StageRun, asked: string | true): Promise<Execution | undefined> {
  const { stage, terminal } = run;
  const { execution, history, redrives } = await findExecutionToRepair(stage.workflow, asked);
  if (redrives) {
    printLine(terminal.stderr, `Redriving ${execution.arn}`);
    await stage.workflow.redrive(execution.arn);
    return followToEnd(run, execution.arn);
  }
  const place = runOf(history);
  if (place === undefined)
    throw new UserInputError(
      `Execution ${execution.name} failed before its ranks were planned, so there are none to run again. Start a new one.`,
    );
  printLine(terminal.stderr, `Running the failed ranks of run ${place.runId} again`);
  const shown = new RunProgress(terminal);
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

function basicsOf({ stage, definition, called, terminal }: StageRun, execution: RemoteExecution, suffix = '') {
  return {
    definition,
    directory: resolve(terminal.cwd, 'cosmicai', 'executions', `${execution.name}${suffix}`),
    functions: sizesOf(stage, called),
    goOn: `cosmicai run --target aws --stage ${stage.name} --only-failed ${execution.name}`,
  };
}

function sizesOf({ options }: DeployedStage, called: CalledFunctions): Record<string, FunctionSize> {
  // Lambda's least, which the small functions have.
  const ephemeralStorageMb = 512;
  const { init, inference, summarize } = options;
  const sizeOf = (name: string): FunctionSize => {
    if (called.rank.includes(name))
      return { architecture: inference.architecture, ephemeralStorageMb: inference.ephemeral_storage };
    const { architecture } = called.summarize.includes(name) ? summarize : init;
    return { architecture, ephemeralStorageMb };
  };
  return Object.fromEntries(called.names.map((name) => [name, sizeOf(name)]));
}

function reportsIn(events: Execution['events']): Execution['reports'] {
  return events.flatMap((event) => (event.type === 'FunctionEnded' ? [event.report] : []));
}

/** The run that the execution made, once it has a summary. */
async function summarizedPlace({ stage }: StageRun, { events }: Followed): Promise<RunPlace | undefined> {
  const place = runOf(events);
  if (place === undefined) return undefined;
  const { summary } = runLayout(place.resultPath, place.runId);
  return (await stage.store.head(summary)) === undefined ? undefined : place;
}
