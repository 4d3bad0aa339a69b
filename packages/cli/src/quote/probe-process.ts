import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { ProbedProcess } from '@cosmicai/bench/probe';
import { FunctionError, openPool } from '@cosmicai/local';
import { EnvironmentError, UserInputError } from '@cosmicai/payload';
import { resolveModel } from '../inputs/files.ts';
import type { Terminal } from '../output/terminal.ts';

/** Lambda's largest: the probe is to find out how much is needed. */
const MEMORY_MIB = 10_240;

/** The inference function in one process. As many as there are cores would share them, so each has one session. */
export async function probeProcess(
  model: string | undefined,
  folder: string,
  terminal: Terminal,
): Promise<ProbedProcess> {
  const pool = await openPool(
    { memory: MEMORY_MIB, concurrency: availableParallelism() },
    resolveModel(model, terminal),
    join(folder, 'logs'),
  );
  return {
    async invoke(task, onStart) {
      try {
        await pool.invoke('infer', task, {
          signal: terminal.signal,
          onReport: ({ initDurationMs = 0 }) => onStart(initDurationMs / 1000),
        });
      } catch (error) {
        if (!(error instanceof FunctionError)) throw error;
        const { errorType, errorMessage } = error.body;
        // The function's errors travel by name only.
        const Mended =
          errorType === 'PartitionError' || errorType === 'UserInputError' ? UserInputError : EnvironmentError;
        throw new Mended(`The probe failed: ${errorType}: ${errorMessage}`, { cause: error });
      }
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}
