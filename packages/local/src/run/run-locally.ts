import { randomUUID } from 'node:crypto';
import { coresGiven } from '@cosmicai/inference';
import { reportsIn, type FunctionReport, type RunEvent, type RunEventBody, type RunStatus } from '@cosmicai/payload';
import { openStore, type ObjectStore } from '@cosmicai/store';
import { systemClock, type Clock } from '../clock.ts';
import { requireSupported } from '../definition/require-supported.ts';
import { prepareMachine } from '../definition/prepare.ts';
import { textOf, type Json, type JsonObject } from '../definition/types.ts';
import { StateError } from '../interpreter/state-error.ts';
import type { FunctionConfig } from '../pool/function-config.ts';
import { createFunctionPool, type FunctionPool } from '../pool/function-pool.ts';
import { resumePoint, type ResumePoint, type RunSoFar } from './resume.ts';
import { createRunDirectory, reopenRunDirectory, type RunDirectory } from './run-directory.ts';
import type { FunctionBeat } from './engine.ts';
import { runExecution } from './run-execution.ts';

export interface LocalRunOptions {
  /** The state machine, see `loadDefinition`. */
  readonly definition: JsonObject;
  readonly input: Json;
  /** What stands behind each function name in the definition. */
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  /**
   * Processes of earlier runs to use again, so that functions start warm; made from `functions` and stays open. Default: a
   * pool of this run's own.
   */
  readonly pool?: FunctionPool;
  /** Folder of this run; made if absent. */
  readonly runDirectory: string;
  /** Opens the bucket that an ItemReader or ResultWriter names. Default: `openStore`, plain names being S3 buckets. */
  readonly store?: (bucket: string) => ObjectStore;
  /**
   * Most functions, and children of a distributed Map, at once; default: the machine's cores. Ranks that wait for each
   * other (FMI) need at least the world size.
   */
  readonly concurrency?: number;
  /** Stops the run: processes end, events are complete, and the run can be resumed. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
  /** Called with what functions say of their work: several times a second for each that is under way, in no log. */
  readonly onBeat?: (beat: FunctionBeat) => void;
  /** Go on with the run in `runDirectory`; `input` is then that of its start. */
  readonly resume?: boolean;
  /**
   * Called before a run goes on that began earlier, with where it would by its events; answers where it does. Undefined: nowhere,
   * as a run that succeeded does where nobody is asked.
   */
  readonly onResume?: (sofar: RunSoFar) => Promise<ResumePoint | undefined>;
  /** Name of the state machine in ARNs and `$$.StateMachine.Name`. */
  readonly machineName?: string;
  /** Wait states and the pauses before retries take no time. */
  readonly skipWaits?: boolean;
  readonly clock?: Clock;
  readonly newId?: () => string;
}

export interface LocalRunResult {
  readonly status: RunStatus;
  /** Output of the last state; null unless the run succeeded. */
  readonly output: Json;
  readonly error?: string;
  readonly cause?: string;
  /** Of every attempt, oldest first. */
  readonly events: readonly RunEvent[];
  readonly reports: readonly FunctionReport[];
}

/**
 * Runs a state machine on this machine: the states by an interpreter, distributed Maps by this engine, functions in
 * processes of their own. A run that fails resolves too; see `status`.
 *
 * @throws UserInputError when the definition is not supported or names an unknown function, or the folder can't be used;
 *   RunDirectoryError when what it leaves can't be written: its processes have ended then, and it can be resumed
 */
export async function runLocally(options: LocalRunOptions): Promise<LocalRunResult> {
  const { definition, functions, clock = systemClock, newId = randomUUID, onEvent } = options;
  requireSupported(definition, Object.keys(functions));
  const directory = openRun(options, clock, newId);
  const events: RunEvent[] = [...directory.earlier];
  const broken = new AbortController();
  const record = (body: RunEventBody, child?: string) => {
    const time = new Date(clock.now()).toISOString();
    const event: RunEvent = { id: events.length + 1, time, ...(child === undefined ? {} : { in: child }), ...body };
    events.push(event);
    // Of what follows an event that is lost none is written: a resumed run goes on before it.
    if (!broken.signal.aborted)
      writeOr(
        (error) => broken.abort(error),
        () => directory.write(event),
      );
    onEvent?.(event);
  };
  const result = (ending: Omit<LocalRunResult, 'events' | 'reports'>): LocalRunResult => ({
    ...ending,
    events,
    reports: reportsIn(events),
  });
  try {
    const soFar = resumePoint(directory.earlier, Object.keys(definition.States as JsonObject));
    const from = options.resume === true ? await whereItGoesOn(options, soFar, directory.start.input) : soFar;
    if (from === undefined && soFar?.succeeded === true) {
      const before = directory.earlier.findLast((event) => event.type === 'RunEnded');
      return result({ status: 'SUCCEEDED', output: before?.output ?? null });
    }
    const ending = await attempt(options, directory, from, record, broken.signal, clock, newId);
    record({ type: 'RunEnded', ...ending });
    broken.signal.throwIfAborted();
    directory.finish(ending);
    return result(ending);
  } finally {
    directory.close();
  }
}

/** Whoever emits events is amid something else and could do nothing about an error. */
function writeOr(failed: (error: unknown) => void, write: () => void): void {
  try {
    write();
  } catch (error) {
    failed(error);
  }
}

type Ending = Omit<LocalRunResult, 'events' | 'reports'>;

function openRun(
  { runDirectory, definition, input, resume = false }: LocalRunOptions,
  clock: Clock,
  newId: () => string,
): RunDirectory {
  if (resume) return reopenRunDirectory(runDirectory, definition, new Date(clock.now()));
  return createRunDirectory(runDirectory, definition, { name: newId(), startedAt: clock.now(), input });
}

/** Runs from the start, or from where the earlier attempt stopped. */
async function attempt(
  options: LocalRunOptions,
  directory: RunDirectory,
  from: ResumePoint | undefined,
  emit: (body: RunEventBody, child?: string) => void,
  broken: AbortSignal,
  clock: Clock,
  newId: () => string,
): Promise<Ending> {
  const { definition, functions, concurrency = coresGiven(), machineName = 'cosmicai' } = options;
  const { start } = directory;
  const input = from?.input ?? start.input;
  const isNew = from === undefined || directory.earlier.length === 0;
  emit(isNew ? { type: 'RunStarted', input } : { type: 'RunResumed', state: from.state, input });
  const prepared = prepareMachine(from === undefined ? definition : { ...definition, StartAt: from.state });
  const pool =
    options.pool ?? createFunctionPool({ functions, concurrency, logDirectory: directory.logs, clock, newId });
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, broken, ...(options.signal === undefined ? [] : [options.signal])]);
  const engine = {
    machineName,
    pool,
    openBucket: options.store ?? ((bucket: string) => openStore(bucket)),
    concurrency,
    skipWaits: options.skipWaits ?? false,
    clock,
    newId,
    emit,
    beat: (beat: FunctionBeat) => options.onBeat?.(beat),
  };
  try {
    const output = await runExecution(engine, {
      prepared,
      input,
      originalInput: start.input,
      name: start.name,
      startedAt: start.startedAt,
      signal,
      ...(from === undefined ? {} : { finished: from.finished }),
    });
    return { status: 'SUCCEEDED', output };
  } catch (error) {
    broken.throwIfAborted();
    if (options.signal?.aborted)
      return { status: 'ABORTED', output: null, error: 'States.Aborted', cause: reasonOf(options.signal) };
    if (!(error instanceof StateError)) throw error;
    const timedOut = error.name === 'States.Timeout' && !error.isCatchable;
    return { status: timedOut ? 'TIMED_OUT' : 'FAILED', output: null, error: error.name, cause: error.message };
  } finally {
    over.abort(new Error('The run is over.'));
    if (options.pool === undefined) await pool.close();
  }
}

async function whereItGoesOn(
  { definition, onResume }: LocalRunOptions,
  soFar: RunSoFar | undefined,
  startInput: Json,
): Promise<ResumePoint | undefined> {
  if (onResume === undefined) return soFar?.succeeded === true ? undefined : soFar;
  const beginning = { state: textOf(definition.StartAt), input: startInput, finished: new Map<string, never>() };
  return onResume(soFar ?? { ...beginning, entered: new Map(), succeeded: false });
}

function reasonOf(signal: AbortSignal): string {
  return signal.reason instanceof Error ? signal.reason.message : String(signal.reason);
}
