import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { FunctionError, openPool } from '@cosmicai/local';
import { EnvironmentError, USER_ERRORS, UserInputError, type Json } from '@cosmicai/payload';

/** A scheduler ends its tasks by limits of its own. Timers can't be longer than 24 days. */
const TIMEOUT_SECONDS = 20 * 86_400;

/** The deployed functions, as processes of this machine. */
export interface Functions extends AsyncDisposable {
  /** Ends their processes. */
  close(): Promise<void>;
  /**
   * @throws UserInputError where trying again helps nothing, EnvironmentError where it may; the abort reason
   */
  call(
    name: 'init' | 'infer' | 'summarize',
    input: unknown,
    signal: AbortSignal,
    onProgress?: (progress: unknown) => void,
  ): Promise<Json>;
}

export interface FunctionsOptions {
  /** Absolute path. */
  readonly model: string;
  /** MiB that a rank may use. */
  readonly memory?: number | undefined;
  /** Where bare bucket names lie. */
  readonly store?: string | undefined;
  /** Calls at once, which share the cores; default 1. */
  readonly concurrency?: number | undefined;
}

/** Opens the functions that are deployed, so that a rank is the same whatever schedules it. */
export async function openFunctions({ model, concurrency = 1, ...options }: FunctionsOptions): Promise<Functions> {
  const folder = await mkdtemp(join(tmpdir(), 'cosmicai-task-'));
  const pool = await openPool({ ...options, concurrency, timeoutSeconds: TIMEOUT_SECONDS }, model, folder);
  const close = async () => {
    await pool.close();
    await rm(folder, { recursive: true, force: true });
  };
  return {
    close,
    async call(name, input, signal, onProgress = () => undefined) {
      try {
        const { payload } = await pool.invoke(name, JSON.stringify(input), { signal, onProgress });
        return JSON.parse(payload) as Json;
      } catch (error) {
        if (!(error instanceof FunctionError)) throw error;
        const { errorType, errorMessage } = error.body;
        const Told = USER_ERRORS.has(errorType) ? UserInputError : EnvironmentError;
        throw new Told(errorMessage, { cause: error });
      }
    },
    [Symbol.asyncDispose]: close,
  };
}
