import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { rendezvousSize } from '@cosmicai/deploy';
import { withModelInStore, type EngineContext, type Outcome, type StartRequest, type Watch } from '@cosmicai/engine';
import { describeUpload, modelOnDisk, readModel, uploadModel } from '@cosmicai/inference';
import {
  defined,
  EXECUTION_FILE,
  type ExecutionRecord,
  type JsonObject,
  reportsIn,
  type RunPayload,
  withFormat,
} from '@cosmicai/payload';
import { layoutOf, type RunPlace } from '@cosmicai/runs';
import { keepQuote, keepQuoteOfRun, keptQuote } from '@cosmicai/runs/gather';
import { openStore } from '@cosmicai/store';
import { collect } from '../run/collect.ts';
import { runOf } from '../run/find-execution.ts';
import type { Followed } from '../run/follow.ts';
import { uploadPartitions, type UploadedPartitions } from '../run/upload.ts';
import { cloudWatchLogs } from '../services/function-logs.ts';
import { wallClock } from '../services/wait.ts';
import type { RemoteExecution } from '../services/workflow-service.ts';
import { calledFunctions, type CalledFunctions } from '../stage/called-functions.ts';
import { concurrencyOf } from '../stage/stage-concurrency.ts';
import { functionSizes } from '../stage/stage-sizes.ts';
import { checkFunctionStacks, openStage, type DeployedStage } from '../stage/stage.ts';
import { followWatched } from './follow-watched.ts';
import { keepExecution } from './keep-execution.ts';
import { checkCost, quoteLines, quoteOnStage } from './quote-on-stage.ts';
import { composeStagePayload, type StagePayload } from './stage-payload.ts';
import { withinConcurrency } from './within-concurrency.ts';

/** A stage at which runs are started and followed. */
export interface StageRun {
  readonly stage: DeployedStage;
  readonly definition: JsonObject;
  readonly called: CalledFunctions;
}

/** @throws UserInputError when the stage isn't deployed */
export async function openStageRun(name: string): Promise<StageRun> {
  const stage = await openStage(name);
  const definition = await stage.workflow.definition();
  return { stage, definition, called: calledFunctions(definition) };
}

/**
 * Quotes the run, brings what it needs into the bucket, and starts it; answers the execution's name.
 *
 * @throws UserInputError when the payload is wrong, there is nothing to read, or it may cost more than it is allowed: nothing is
 *   uploaded then
 */
export async function startOnStage(
  run: StageRun,
  request: Omit<StartRequest, 'like'>,
  context: EngineContext,
): Promise<string> {
  const { stage } = run;
  await checkFunctionStacks(stage);
  const { fields, model, changes, maxCostUsd } = withModelInStore(request);
  const { say, signal } = context;
  const { payload: asked, upload } = composeStagePayload(fields, changes, stage, context.cwd);
  const concurrency = await concurrencyOf(stage.options);
  const composed = withinConcurrency(asked, concurrency?.limit, say);
  const modelPath = model === undefined ? undefined : context.modelAt(model);
  const quote = await quoteOnStage({ payload: composed, upload, modelPath, concurrency }, run);
  if (maxCostUsd !== undefined) checkCost(quote, maxCostUsd);
  if (upload !== undefined) await sendPartitions(stage, upload, context);
  const payload = modelPath === undefined ? composed : await sendModel(stage, composed, modelPath, context);
  const name = executionName();
  if (quote === undefined) say('Not quoted: the partitions of the payload can’t be listed from here.');
  else {
    keepQuote(executionFolder(context, name), quote);
    quoteLines(quote).forEach(say);
  }
  signal.throwIfAborted();
  say(`Execution ${await stage.workflow.start(name, payload as JsonObject)}`);
  return name;
}

async function sendPartitions(stage: DeployedStage, upload: Upload, context: EngineContext): Promise<void> {
  const { sent, kept, warnings } = await uploadShown(stage, upload, context);
  context.say(`Partitions: ${sent.length} uploaded, ${kept.length} there already`);
  for (const warning of warnings) context.say(`Warning: ${warning}`);
}

type Upload = Required<StagePayload>['upload'];

/** Brings the partition files of a folder of this machine below a prefix of the stage's bucket, and shows how far that is. */
export async function uploadShown(
  stage: DeployedStage,
  { folder, prefix }: Upload,
  { signal, progress }: EngineContext,
): Promise<UploadedPartitions> {
  const bar = progress(`Uploading to s3://${stage.bucket}/${prefix}`);
  const onFile = (done: number, total: number, name: string) => bar.update(done, total, name);
  try {
    return await uploadPartitions(folder, stage.store, prefix, { signal, onFile });
  } finally {
    bar.done();
  }
}

async function sendModel(
  { store, options }: DeployedStage,
  payload: RunPayload,
  path: string,
  { say, signal }: EngineContext,
): Promise<RunPayload> {
  const uploaded = await uploadModel(path, store, options.prefixes.models[0] ?? 'models', { signal });
  const { sha256 } = await readModel(modelOnDisk(path));
  say(describeUpload(uploaded));
  return { ...payload, model: uploaded.key, model_sha256: sha256 };
}

function executionName(): string {
  return `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}-${randomUUID().slice(0, 8)}`;
}

/** Folder on this machine for what is known of an execution. */
export function executionFolder({ cwd }: Pick<EngineContext, 'cwd'>, name: string): string {
  return resolve(cwd, 'cosmicai', 'executions', name);
}

/**
 * Follows an execution to its end and collects what is known of it.
 *
 * @throws the abort reason when the watch's signal fires; the execution goes on
 */
export async function followToEnd(run: StageRun, name: string, watch: Watch, context: EngineContext): Promise<Outcome> {
  const { stage, called } = run;
  const logs = await cloudWatchLogs(stage.options.region);
  const followed = await followWatched(run, stage.workflow.arnOf(name), logs, watch);
  const { events, warnings } = await collect({
    followed,
    workflow: stage.workflow,
    logs,
    openStore: (bucket) => openStore(bucket, { base: 's3://' }),
    functionNames: called.names,
    functions: functionSizes(stage.options, called),
    region: stage.options.region,
    clock: wallClock,
    signal: watch.signal,
  });
  const { execution } = followed;
  const { status, error, cause } = execution;
  return {
    ...basicsOf(run, execution, context),
    status: status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'FAILED' : status,
    output: execution.output === undefined ? null : (JSON.parse(execution.output) as JsonObject),
    ...defined({ error, cause }),
    events,
    reports: reportsIn(events),
    place: await summarizedPlace(run, followed),
    warnings,
  };
}

/** Keeps what is known of an execution: in a folder of this machine, and in the run's own folder for reports made anywhere. */
export async function keepOnStage(outcome: Outcome, { stage }: StageRun): Promise<void> {
  keepExecution(outcome, stage.name);
  if (outcome.place === undefined) return;
  const { events, definition, functions, region, rendezvous, warnings, place, directory } = outcome;
  const key = `${layoutOf(place).folder}/${EXECUTION_FILE}`;
  const record: ExecutionRecord = {
    events,
    definition,
    ...defined({ functions, region, rendezvous, warnings }),
  };
  await stage.store.put(key, JSON.stringify(withFormat(record)));
  const quote = keptQuote(directory);
  if (quote !== undefined) await keepQuoteOfRun(place, quote);
}

/** What every execution at a stage has. @param suffix of its name */
export function basicsOf(
  { stage, definition, called }: StageRun,
  execution: Pick<RemoteExecution, 'name'>,
  context: Pick<EngineContext, 'cwd'>,
  suffix = '',
) {
  const name = `${execution.name}${suffix}`;
  return {
    execution: name,
    definition,
    directory: executionFolder(context, name),
    region: stage.options.region,
    functions: functionSizes(stage.options, called),
    rendezvous: rendezvousSize(stage.options),
  };
}

/** The run that the execution made, once it has a summary. */
async function summarizedPlace({ stage }: StageRun, { events }: Followed): Promise<RunPlace | undefined> {
  const place = runOf(events);
  if (place === undefined) return undefined;
  const { summary } = layoutOf(place);
  return (await stage.store.head(summary)) === undefined ? undefined : place;
}
