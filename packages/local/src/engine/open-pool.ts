import { coresGiven } from '@cosmicai/inference';
import { createFunctionPool, type FunctionPool } from '../pool/function-pool.ts';
import { localFunctions } from './functions.ts';
import { RANK_MEMORY_MIB, type LocalSettings } from './settings.ts';

/** The functions as processes of this machine, of which so many ranks share its cores. */
export function functionsOf(
  { memory = RANK_MEMORY_MIB, store }: LocalSettings,
  modelPath: string,
  concurrency: number,
  environment: Readonly<Record<string, string>> = {},
  timeoutSeconds?: number,
) {
  return localFunctions({ modelPath, memoryMiB: memory, concurrency, store, environment, timeoutSeconds });
}

/**
 * Processes for several runs, so that all but the first start warm.
 *
 * @param model absolute path
 * @param logDirectory folder for what the functions print
 */
export async function openPool(
  settings: Pick<LocalSettings, 'memory' | 'store' | 'concurrency'> & { readonly timeoutSeconds?: number },
  model: string,
  logDirectory: string,
): Promise<FunctionPool> {
  const concurrency = settings.concurrency ?? coresGiven();
  const functions = await functionsOf(settings, model, concurrency, {}, settings.timeoutSeconds);
  // With a process to spare for each function that is not a rank, so that these push out no warm rank.
  const control = Object.keys(functions).length - 1;
  return createFunctionPool({ functions, concurrency: concurrency + control, logDirectory });
}
