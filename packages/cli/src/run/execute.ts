import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createFunctionPool,
  ExecutionLockedError,
  runLocally,
  type FunctionPool,
  type JsonObject,
  type LocalRunResult,
} from '@cosmicai/local';
import { UserInputError, type ExecutionRecord, type RunPayload } from '@cosmicai/payload';
import { openStore, makeNamedFolder } from '@cosmicai/store';
import { resolveModel } from '../inputs/files.ts';
import { BrokenOffByInputError, BrokenOffError, isOutside } from '../output/errors.ts';
import { setIn } from '../output/table.ts';
import { printBlock, type Terminal } from '../output/terminal.ts';
import { executionsFolder, type RunPlace } from '@cosmicai/runs';
import { checkModel } from './check-model.ts';
import { loadMachine, localFunctions } from './functions.ts';
import { keepOptions } from './kept-options.ts';
import { rendezvousFor, type LocalRendezvous } from './local-rendezvous.ts';
import { goOn } from './go-on.ts';
import { showRun } from './shown-run.ts';
import { GoingOnRefused } from './trust-store.ts';
import { resumeCommand } from './way-on.ts';

export interface ExecuteOptions {
  readonly payload: RunPayload;
  readonly model?: string;
  /** Memory of a rank, MiB. */
  readonly memory: number;
  /** Ranks at once, default one per core. */
  readonly concurrency?: number;
  readonly store?: string;
  readonly definition?: string;
  readonly functions?: string;
  /** Folder of an earlier execution to go on with. */
  readonly resume?: string;
  /** Go on with inputs that have changed since the start. */
  readonly acceptChanged?: boolean;
  readonly quiet?: boolean;
  /** Processes to use again; their functions were configured when the pool was made. */
  readonly pool?: FunctionPool;
}

export interface Execution
  extends LocalRunResult, Partial<Pick<ExecutionRecord, 'functions' | 'region' | 'rendezvous' | 'warnings'>> {
  /** Folder of events, logs and REPORT lines. */
  readonly directory: string;
  readonly definition: JsonObject;
  /** Where the run lies that it made, if that is known better than its events tell; undefined: it came to no summary. */
  readonly place?: RunPlace | undefined;
  /** Command that goes on with it when it was stopped; default: `run --resume` with the directory. */
  readonly goOn?: string;
}

/** Runs the workflow on this machine: the deployed definition, the deployed bundles, child processes for functions. */
export async function execute(options: ExecuteOptions, terminal: Terminal): Promise<Execution> {
  const rendezvous = await rendezvousFor(options.payload, terminal);
  try {
    return await executeWith(rendezvous, options, terminal);
  } finally {
    await rendezvous.close();
  }
}

/** Ranks that meet over FMI must all run at once; more processes than this would only fight for memory. */
const MOST_MEETING_RANKS = 32;

async function executeWith(
  rendezvous: LocalRendezvous,
  options: ExecuteOptions,
  terminal: Terminal,
): Promise<Execution> {
  const { fmi_enabled: meeting, max_concurrency: asked } = options.payload;
  const concurrency = options.concurrency ?? (meeting ? MOST_MEETING_RANKS : availableParallelism());
  const definition = loadMachine(options.definition, options.functions);
  // A model that is gone, or none any more, may come back.
  const withWayOn = (error: unknown): never => {
    if (options.resume === undefined || !(error instanceof UserInputError)) throw error;
    throw new BrokenOffByInputError(error, resumeCommand(resolve(terminal.cwd, options.resume)));
  };
  const { modelPath, functions } = await functionsWith(
    { ...options, concurrency },
    terminal,
    rendezvous.environment,
  ).catch(withWayOn);
  const modelSha256 = await checkModel(options.payload, modelPath, options.store).catch(withWayOn);
  const payload = {
    ...options.payload,
    model_sha256: modelOfRun(options, modelSha256),
    ...(rendezvous.endpoint !== undefined && { rendezvous_endpoint: rendezvous.endpoint }),
    // So that Initialize plans no meeting of more ranks than can run at once.
    ...(meeting && { max_concurrency: Math.min(concurrency, asked) }),
  };
  const directory =
    options.resume === undefined ? newDirectory(payload, terminal) : resolve(terminal.cwd, options.resume);
  await createLocalBucket(options.payload.bucket);
  if (options.resume === undefined) await makeNamedFolder(directory, 'Results');
  const open = (bucket: string) => openStore(bucket, options.store === undefined ? {} : { base: options.store });
  const keep = () => {
    const store = options.store ?? terminal.environment.COSMICAI_STORE;
    keepOptions(directory, {
      model: modelPath,
      memory: options.memory,
      ...(options.concurrency !== undefined && { concurrency }),
      ...(store !== undefined && { store }),
      ...(options.definition !== undefined && { definition: resolve(terminal.cwd, options.definition) }),
      ...(options.functions !== undefined && { functions: resolve(terminal.cwd, options.functions) }),
    });
  };
  if (options.resume === undefined) keep();
  using shown = options.quiet === true ? undefined : showRun(directory, open, terminal);
  const result = await runLocally({
    definition,
    input: payload as JsonObject,
    functions,
    runDirectory: directory,
    store: open,
    concurrency,
    ...(options.pool !== undefined && { pool: options.pool }),
    signal: terminal.signal,
    onEvent: (event) => {
      shown?.see(event);
    },
    ...(shown && { onBeat: shown.beat }),
    resume: options.resume !== undefined,
    onResume: goOn({
      directory,
      definition,
      modelSha256,
      acceptChanged: options.acceptChanged ?? false,
      rendezvous,
      concurrency,
      openStore: (bucket, access = {}) =>
        openStore(bucket, { access, ...(options.store !== undefined && { base: options.store }) }),
      say: (text) => printBlock(terminal.stderr, setIn(text)),
    }),
  }).catch((error: unknown) => {
    // A sweep goes on by itself.
    throw options.quiet === true ? error : brokenOff(error, directory);
  });
  return { ...result, directory, definition };
}

/** What an execution that has begun broke off by, with how to go on with it. */
function brokenOff(error: unknown, directory: string): unknown {
  const hasBegun = existsSync(join(directory, 'run.json'));
  const saysHow = error instanceof ExecutionLockedError || error instanceof GoingOnRefused;
  if (!hasBegun || !isOutside(error) || saysHow) return error;
  return new BrokenOffError(error, resumeCommand(directory));
}

type ProcessOptions = Pick<ExecuteOptions, 'model' | 'memory' | 'store'>;

/** The functions as processes of this machine, `concurrency` of which share its cores. */
async function functionsWith(
  { model, memory, store, concurrency }: ProcessOptions & { readonly concurrency: number },
  terminal: Terminal,
  environment: Readonly<Record<string, string>> = {},
) {
  const modelPath = resolveModel(model, terminal);
  const functions = await localFunctions({ modelPath, memoryMiB: memory, concurrency, store, environment });
  return { modelPath, functions };
}

/** The model that ranks must find: the one that the payload asks for, which is this one unless a run goes on. */
function modelOfRun({ payload, resume }: ExecuteOptions, modelSha256: string): string {
  const asked = payload.model_sha256 ?? modelSha256;
  if (resume !== undefined || asked === modelSha256) return asked;
  throw new UserInputError(
    `The model has the SHA-256 ${modelSha256}, and the payload asks for ${asked} (model_sha256). Name the model that it is about, or leave the field out.`,
  );
}

/** Processes for several runs, so that all but the first start warm. */
export async function openPool(
  options: ProcessOptions & { readonly concurrency?: number; readonly logDirectory: string },
  terminal: Terminal,
): Promise<FunctionPool> {
  const concurrency = options.concurrency ?? availableParallelism();
  const { functions } = await functionsWith({ ...options, concurrency }, terminal);
  // With a process to spare for each function that is no rank, so that these push out no warm rank.
  const control = Object.keys(functions).length - 1;
  return createFunctionPool({ functions, concurrency: concurrency + control, logDirectory: options.logDirectory });
}

function newDirectory({ bucket, result_path: resultPath }: RunPayload, { cwd }: Terminal): string {
  const name = `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}-${randomUUID().slice(0, 4)}`;
  return join(executionsFolder(bucket, resultPath, cwd), name);
}

/** A results folder of this machine is made; a bucket that doesn't exist stays an error. */
async function createLocalBucket(bucket: string): Promise<void> {
  if (!bucket.startsWith('file:')) return;
  const folder = fileURLToPath(bucket);
  await makeNamedFolder(folder, 'Results');
}
