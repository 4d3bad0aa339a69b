import { join } from 'node:path';
import type { ProbedProcess } from '@cosmicai/bench/probe';
import { coresGiven } from '@cosmicai/inference';
import { EnvironmentError, USER_ERRORS, UserInputError } from '@cosmicai/payload';
import { FunctionError } from '../pool/function-error.ts';
import { openPool } from './open-pool.ts';

/** Lambda's largest: the probe is to find out how much is needed. */
const MEMORY_MIB = 10_240;

/**
 * The inference function in one process. As many as there are cores would share them, so each has one session.
 *
 * @param model absolute path
 * @param folder for its logs
 */
export async function probeProcess(model: string, folder: string, signal: AbortSignal): Promise<ProbedProcess> {
  const pool = await openPool({ memory: MEMORY_MIB, concurrency: coresGiven() }, model, join(folder, 'logs'));
  return {
    async invoke(task, onStart) {
      try {
        await pool.invoke('infer', task, {
          signal,
          onReport: ({ initDurationMs = 0 }) => onStart(initDurationMs / 1000),
        });
      } catch (error) {
        if (!(error instanceof FunctionError)) throw error;
        const { errorType, errorMessage } = error.body;
        // The function's errors travel by name only.
        const Mended = USER_ERRORS.has(errorType) ? UserInputError : EnvironmentError;
        throw new Mended(`The probe failed: ${errorType}: ${errorMessage}`, { cause: error });
      }
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}
