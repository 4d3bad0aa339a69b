import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { describeUpload, modelOnDisk, readModel, uploadModel } from '@cosmicai/inference';
import type { JsonObject } from '@cosmicai/local';
import { EXECUTION_FILE, runLayout, withFormat, type ExecutionRecord } from '@cosmicai/payload';
import { keepQuote, keepQuoteOfRun, keptQuote } from '@cosmicai/runs/gather';
import { openStore } from '@cosmicai/store';
import { resolveModel } from '../inputs/files.ts';
import type { PayloadOptions } from '../inputs/payload-options.ts';
import { progress } from '../output/progress.ts';
import { printBlock, printLine, type Terminal } from '../output/terminal.ts';
import { quoteLines, quoteOnStage } from '../quote/quote-on-stage.ts';
import type { RunPlace } from '@cosmicai/runs';
import type { Execution } from '../run/execute.ts';
import { RunProgress } from '../run/run-progress.ts';
import {
  calledFunctions,
  type CalledFunctions,
  cloudWatchLogs,
  collect,
  type DeployedStage,
  type Followed,
  functionSizes,
  openStage,
  type RemoteExecution,
  rendezvousSize,
  runOf,
  uploadPartitions,
  wallClock,
} from '@cosmicai/aws';
import { followShown } from './follow-shown.ts';
import { keepExecution } from './keep-execution.ts';
import { composeStagePayload } from './stage-payload.ts';

/** A stage at which runs are started and followed. */
export interface StageRun {
  readonly stage: DeployedStage;
  readonly definition: JsonObject;
  readonly called: CalledFunctions;
  /** Where its progress is shown. */
  readonly terminal: Terminal;
}

/** @throws UserInputError when the stage isn't deployed */
export async function openStageRun(name: string, terminal: Terminal): Promise<StageRun> {
  const stage = await openStage(name);
  const definition = await stage.workflow.definition();
  return { stage, definition, called: calledFunctions(definition), terminal };
}

/**
 * Brings what the run needs into the bucket, quotes it, and starts it; answers the execution's ARN.
 *
 * @param read the payload file's fields
 * @throws UserInputError when the payload is wrong or there is nothing to read
 */
export async function startOnStage(
  run: StageRun,
  read: Readonly<Record<string, unknown>>,
  options: PayloadOptions & { readonly model?: string },
): Promise<string> {
  const { stage, terminal } = run;
  const { store } = stage;
  const { payload: composed, upload } = await composeStagePayload(read, options, stage, terminal.cwd);
  if (upload !== undefined) {
    const bar = progress(terminal, `Uploading to s3://${stage.bucket}/${upload.prefix}`);
    const { signal } = terminal;
    const { sent, kept, warnings } = await uploadPartitions(upload.folder, store, upload.prefix, {
      signal,
      onFile: (done, total, name) => bar.update(done, total, name),
    });
    bar.done();
    printLine(terminal.stderr, `Partitions: ${sent.length} uploaded, ${kept.length} there already`);
    for (const warning of warnings) printLine(terminal.stderr, `Warning: ${warning}`);
  }
  let payload = composed;
  if (options.model !== undefined) {
    const folder = stage.options.prefixes.models[0] ?? 'models';
    const path = resolveModel(options.model, terminal);
    const uploaded = await uploadModel(path, store, folder, { signal: terminal.signal });
    const { sha256 } = await readModel(modelOnDisk(path));
    payload = { ...composed, model: uploaded.key, model_sha256: sha256 };
    printLine(terminal.stderr, describeUpload(uploaded));
  }
  const name = executionName();
  const quote = await quoteOnStage(payload, run);
  if (quote !== undefined) {
    keepQuote(executionFolder(terminal, name), quote);
    printBlock(terminal.stderr, quoteLines(quote));
  } else printLine(terminal.stderr, `Not quoted: the partitions of the payload can't be listed from here.`);
  terminal.signal.throwIfAborted();
  const arn = await stage.workflow.start(name, payload as JsonObject);
  printLine(terminal.stderr, `Execution ${arn}`);
  return arn;
}

function executionName(): string {
  return `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}-${randomUUID().slice(0, 8)}`;
}

/** Folder on this machine for what is known of an execution. */
function executionFolder({ cwd }: Terminal, name: string): string {
  return resolve(cwd, 'cosmicai', 'executions', name);
}

/**
 * Follows an execution to its end and collects what is known of it.
 *
 * @throws the abort reason when the terminal's signal fires; the execution goes on
 */
export async function followToEnd(run: StageRun, arn: string): Promise<Execution> {
  const { stage, terminal, called } = run;
  const logs = await cloudWatchLogs(stage.options.region);
  using shown = new RunProgress(terminal);
  const followed = await followShown(run, arn, logs, shown);
  const { events, warnings } = await collect({
    followed,
    workflow: stage.workflow,
    logs,
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

/** Keeps what is known of an execution: in a folder of this machine, and in the run's own folder for reports made anywhere. */
export async function keepOnStage(execution: Execution, { stage }: StageRun): Promise<void> {
  keepExecution(execution, stage.name);
  if (execution.place === undefined) return;
  const { events, definition, functions, region, rendezvous, warnings, place, directory } = execution;
  const key = `${runLayout(place.resultPath, place.runId).folder}/${EXECUTION_FILE}`;
  const record: ExecutionRecord = {
    events,
    definition,
    ...(functions !== undefined && { functions }),
    ...(region !== undefined && { region }),
    ...(rendezvous !== undefined && { rendezvous }),
    ...(warnings !== undefined && { warnings }),
  };
  await stage.store.put(key, JSON.stringify(withFormat(record)));
  const quote = keptQuote(directory);
  if (quote !== undefined) await keepQuoteOfRun(place, quote);
}

/** What every execution at a stage has. @param suffix of its folder's name */
export function basicsOf({ stage, definition, called, terminal }: StageRun, execution: RemoteExecution, suffix = '') {
  return {
    definition,
    directory: executionFolder(terminal, `${execution.name}${suffix}`),
    region: stage.options.region,
    functions: functionSizes(stage.options, called),
    rendezvous: rendezvousSize(stage.options),
    goOn: `cosmicai run --target aws --stage ${stage.name} --only-failed ${execution.name}`,
  };
}

/** The REPORT lines among events. */
export function reportsIn(events: Execution['events']): Execution['reports'] {
  return events.flatMap((event) => (event.type === 'FunctionEnded' ? [event.report] : []));
}

/** The run that the execution made, once it has a summary. */
async function summarizedPlace({ stage }: StageRun, { events }: Followed): Promise<RunPlace | undefined> {
  const place = runOf(events);
  if (place === undefined) return undefined;
  const { summary } = runLayout(place.resultPath, place.runId);
  return (await stage.store.head(summary)) === undefined ? undefined : place;
}
