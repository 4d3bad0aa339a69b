import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  BrokenOffByInputError,
  BrokenOffError,
  composePayload,
  isOutside,
  Job,
  plannedBytes,
  plannedRunBy,
  refusalOf,
  resumeCommand,
  type Engine,
  type EngineContext,
  type Outcome,
  type ResumeRequest,
  type StartRequest,
  type Telling,
  type Watch,
  withModelInStore,
} from '@cosmicai/engine';
import { coresGiven } from '@cosmicai/inference';
import {
  rankProgressSchema,
  shellWord,
  UserInputError,
  type JsonObject,
  type RunEvent,
  type RunPayload,
} from '@cosmicai/payload';
import { executionsFolder, type RunPlace } from '@cosmicai/runs';
import { makeNamedFolder, openStore, pathAt } from '@cosmicai/store';
import { requireSupported } from '../definition/require-supported.ts';
import type { FunctionConfig } from '../pool/function-config.ts';
import { ExecutionLockedError } from '../run/execution-lock.ts';
import { runLocally } from '../run/run-locally.ts';
import { checkModel, type CheckedModel } from './check-model.ts';
import { functionLogs } from './function-logs.ts';
import { loadMachine } from './functions.ts';
import { goOn } from './go-on.ts';
import { functionsOf } from './open-pool.ts';
import { placeOf } from './place-of.ts';
import { refuseCopy } from './refuse-copy.ts';
import { followRecorded } from './recorded.ts';
import { rendezvousFor, type LocalRendezvous } from './rendezvous-for.ts';
import { keepSettings, keptSettings, startPayload, type LocalSettings } from './settings.ts';
import { stopOwner } from './stop-owner.ts';
import { GoingOnRefused } from './trust-store.ts';

/** What an execution is, before it begins or goes on. */
interface Asked {
  readonly payload: RunPayload;
  readonly settings: LocalSettings;
  /** Absolute path. */
  readonly model: string;
  /** Folder of the execution that goes on; undefined: a new one. */
  readonly resumed?: string;
  readonly acceptChanged?: boolean;
}

/** What an execution runs with, once all of it has been found right. */
interface Prepared extends Asked {
  readonly directory: string;
  /** Takes away what was made for an execution that is refused: its folder, and those above that were not there before. */
  readonly remove: () => Promise<void>;
  readonly definition: JsonObject;
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  readonly checked: CheckedModel;
  readonly concurrency: number;
  readonly rendezvous: LocalRendezvous;
}

/** Ranks that meet over FMI must all run at once; more processes than this would only fight for memory. */
const MOST_MEETING_RANKS = 32;

/**
 * This machine: the deployed definition, the deployed bundles, child processes for functions. Executions live in the process
 * that starts them and are known by their folders.
 */
export function localEngine(context: EngineContext, named: LocalSettings = {}): Engine {
  const { cwd } = context;
  const jobs = new Map<string, Job>();

  const begin = async (asked: Asked): Promise<string> => {
    const rendezvous = await rendezvousFor(asked.payload, context);
    try {
      const prepared = await prepare(asked, rendezvous, context);
      const job = new Job(context.signal, async (telling) => {
        try {
          return await run(prepared, context, telling);
        } finally {
          await rendezvous.close();
        }
      });
      jobs.set(prepared.directory, job);
      return prepared.directory;
    } catch (error) {
      await rendezvous.close();
      throw error;
    }
  };

  return {
    name: 'local',

    async start({ changes, like, ...request }: StartRequest) {
      const earlier = like === undefined ? undefined : resolve(cwd, like);
      const { fields, model } = withModelInStore(request);
      if (earlier === undefined) {
        const { payload } = composePayload(fields, changes, cwd);
        return begin({ payload, settings: named, model: context.modelAt(model) });
      }
      // A new run takes the model as it is now.
      const { model_sha256: _planned, ...planned } = await startPayload(earlier);
      const payload = typeof fields.model === 'string' ? { ...planned, model: fields.model } : planned;
      const { model: kept, ...settings } = keptSettings(earlier);
      return begin({ payload, settings: over(settings, named), model: context.modelAt(model ?? kept) });
    },

    async resume(execution, { model, acceptChanged = false }: ResumeRequest = {}) {
      if (execution === undefined) throw new UserInputError('Name the folder of the execution to go on with.');
      const directory = resolve(cwd, execution);
      const payload = await startPayload(directory);
      await refuseCopy(directory, payload);
      const { model: kept, ...settings } = keptSettings(directory);
      return begin({
        payload,
        settings: over(settings, named),
        model: atResume(directory, () => context.modelAt(model ?? kept)),
        resumed: directory,
        acceptChanged,
      });
    },

    async events(execution, watch: Watch) {
      const directory = resolve(cwd, execution);
      return (await jobs.get(directory)?.watch(watch)) ?? followRecorded(directory, watch);
    },

    async stop(execution) {
      if (execution === undefined) throw new UserInputError('Name the folder of the execution to stop.');
      const directory = resolve(cwd, execution);
      const job = jobs.get(directory);
      if (job === undefined || job.isOver) await stopOwner(directory);
      else await job.stop('The execution was stopped.');
      return execution;
    },

    async logs({ execution, ...query }) {
      if (execution === undefined) throw new UserInputError('Name the folder of the execution whose logs to print.');
      return await functionLogs(resolve(cwd, execution), query);
    },

    folderOf: (execution) => resolve(cwd, execution),

    ping: async (request) => (await import('./ping-here.ts')).pingHere(request, context),

    async sweep(request) {
      const { sweepHere } = await import('./local-sweep.ts');
      return sweepHere(request, named, context, (pool) => localEngine(context, { ...named, pool }));
    },

    commands: (execution) => ({
      goOn: resumeCommand(execution),
      follow: `cosmicai run --attach ${shellWord(execution)}`,
      stop: `cosmicai stop --target local ${shellWord(execution)}`,
    }),
  };
}

/** Settings of a start, with those that are named now in their place. */
function over(kept: LocalSettings, named: LocalSettings): LocalSettings {
  return { ...kept, ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)) };
}

/** A model that is gone, or none any more, may come back. */
function atResume<Result>(resumed: string | undefined, work: () => Result): Result {
  const withWayOn = (error: unknown): never => {
    if (resumed === undefined || !(error instanceof UserInputError)) throw error;
    throw new BrokenOffByInputError(error, resumeCommand(resumed));
  };
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(withWayOn) as Result) : result;
  } catch (error) {
    return withWayOn(error);
  }
}

async function prepare(asked: Asked, rendezvous: LocalRendezvous, context: EngineContext): Promise<Prepared> {
  const { settings, model, resumed } = asked;
  const { fmi_enabled: meeting, max_concurrency: most } = asked.payload;
  const concurrency = settings.concurrency ?? (meeting ? MOST_MEETING_RANKS : coresGiven());
  const definition = loadMachine(settings.definition, settings.functions);
  const functions = await functionsOf(settings, model, concurrency, rendezvous.environment);
  requireSupported(definition, Object.keys(functions));
  const checked = await atResume(resumed, () => checkModel(asked.payload, model, settings.store));
  const payload = {
    ...asked.payload,
    model_sha256: modelOfRun(asked, checked.sha256),
    ...(rendezvous.endpoint !== undefined && { rendezvous_endpoint: rendezvous.endpoint }),
    // So that Initialize plans no meeting of more ranks than can run at once.
    ...(meeting && { max_concurrency: Math.min(concurrency, most) }),
  };
  const directory = resumed ?? newDirectory(payload, context.cwd);
  const made = [directory, pathAt(payload.bucket)].flatMap((path) => (path === undefined ? [] : missing(path)));
  const remove = async () => {
    await rm(directory, { recursive: true, force: true });
    // Others may have begun to use them.
    for (const folder of made) await rmdir(folder).catch(() => undefined);
  };
  await createLocalBucket(payload.bucket);
  if (resumed === undefined) {
    await makeNamedFolder(directory, 'Results');
    const store = settings.store ?? context.environment.COSMICAI_STORE;
    keepSettings(directory, model, { ...settings, store }, context.cwd);
  }
  return { ...asked, payload, directory, remove, definition, functions, checked, concurrency, rendezvous };
}

async function run(prepared: Prepared, context: EngineContext, { see, hear, signal }: Telling): Promise<Outcome> {
  const { payload, settings, directory, definition, functions, checked, concurrency, rendezvous } = prepared;
  const base = settings.store === undefined ? {} : { base: settings.store };
  const open = (bucket: string) => openStore(bucket, base);
  const planned = watchForPlan(settings.store, (run) => {
    void plannedBytes(run).then((bytes) => {
      if (bytes !== undefined) hear({ type: 'BytesPlanned', bytes });
    });
  });
  const result = await runLocally({
    definition,
    input: payload as JsonObject,
    functions,
    runDirectory: directory,
    store: open,
    concurrency,
    ...(settings.pool !== undefined && { pool: settings.pool }),
    signal,
    onEvent: (event) => {
      planned(event);
      see(event);
    },
    onBeat: ({ in: child, requestId, progress }) => {
      const { data } = rankProgressSchema.safeParse(progress);
      if (data !== undefined) hear({ type: 'RankAtWork', in: child ?? requestId, progress: data });
    },
    resume: prepared.resumed !== undefined,
    onResume: goOn({
      directory,
      definition,
      model: checked,
      acceptChanged: prepared.acceptChanged ?? false,
      rendezvous,
      concurrency,
      openStore: (bucket, access = {}) => openStore(bucket, { access, ...base }),
      say: context.say,
    }),
  }).catch((error: unknown) => {
    throw brokenOff(error, directory);
  });
  const refusal = prepared.resumed === undefined ? refusalOf(result) : undefined;
  if (refusal !== undefined) {
    await prepared.remove();
    throw refusal;
  }
  return { ...result, execution: directory, directory, definition, place: placeOf(result.events, settings.store) };
}

/** Calls back with each run that is planned, or gone on with. */
function watchForPlan(base: string | undefined, found: (run: RunPlace) => void): (event: RunEvent) => void {
  let runId: string | undefined;
  return (event) => {
    const run = plannedRunBy(event, base);
    if (run === undefined || run.runId === runId) return;
    runId = run.runId;
    found(run);
  };
}

/** What an execution that has begun broke off by, with how to go on with it. */
function brokenOff(error: unknown, directory: string): unknown {
  const hasBegun = existsSync(join(directory, 'run.json'));
  const saysHow = error instanceof ExecutionLockedError || error instanceof GoingOnRefused;
  if (!hasBegun || !isOutside(error) || saysHow) return error;
  return new BrokenOffError(error, resumeCommand(directory));
}

/** The model that ranks must find: the one that the payload asks for, which is this one unless a run goes on. */
function modelOfRun({ payload, resumed }: Asked, modelSha256: string): string {
  const asked = payload.model_sha256 ?? modelSha256;
  if (resumed !== undefined || asked === modelSha256) return asked;
  throw new UserInputError(
    `The model has the SHA-256 ${modelSha256}, and the payload asks for ${asked} (model_sha256). Name the model that it is about, or leave the field out.`,
  );
}

function newDirectory({ bucket, result_path: resultPath }: RunPayload, cwd: string): string {
  const name = `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}-${randomUUID().slice(0, 4)}`;
  return join(executionsFolder({ bucket, resultPath }, cwd), name);
}

/** Folders of a path that are not there, the innermost first. */
function missing(path: string): string[] {
  return existsSync(path) ? [] : [path, ...missing(dirname(path))];
}

/** A results folder of this machine is made; a bucket that doesn't exist stays an error. */
async function createLocalBucket(bucket: string): Promise<void> {
  const folder = pathAt(bucket);
  if (folder !== undefined) await makeNamedFolder(folder, 'Results');
}
