import type { FunctionSize } from '@cosmicai/payload';
import type { RankFunction } from '@cosmicai/quote';
import { rendezvousSize, type StageOptions } from '@cosmicai/deploy';
import type { CalledFunctions } from './called-functions.ts';

/** Lambda's least, which the small functions have. */
const LEAST_STORAGE_MB = 512;
/** Environments are kept ready behind this alias only. */
const PROVISIONED = ':provisioned';

/** What a stage gives its functions, by their names. */
export function functionSizes(options: StageOptions, called: CalledFunctions): Record<string, FunctionSize> {
  const { init, inference, summarize } = options;
  const environments = provisionedFor(options, called);
  const sizeOf = (name: string): FunctionSize => {
    if (called.rank.includes(name)) {
      return {
        architecture: inference.architecture,
        ephemeralStorageMb: inference.ephemeral_storage,
        ...(environments > 0 && { provisioned: { environments, memoryMb: inference.memory } }),
      };
    }
    const { architecture } = called.summarize.includes(name) ? summarize : init;
    return { architecture, ephemeralStorageMb: LEAST_STORAGE_MB };
  };
  return Object.fromEntries(called.names.map((name) => [name, sizeOf(name)]));
}

/** How many environments are kept ready for ranks. The state machine that is deployed must call them: files may be newer. */
export function provisionedFor({ inference }: StageOptions, { rank }: Pick<CalledFunctions, 'rank'>): number {
  return rank.endsWith(PROVISIONED) ? inference.provisioned_concurrency : 0;
}

/** What a quote takes of a stage. @param called by default what its file says */
export function rankFunctionOf(
  options: StageOptions,
  called?: Pick<CalledFunctions, 'rank' | 'childType'>,
): Required<RankFunction> {
  const { memory, ephemeral_storage, architecture, provisioned_concurrency } = options.inference;
  return {
    memoryMb: memory,
    ephemeralStorageMb: ephemeral_storage,
    architecture,
    childType: called?.childType ?? options.map_execution_type,
    rendezvous: rendezvousSize(options),
    provisionedConcurrency: called === undefined ? provisioned_concurrency : provisionedFor(options, called),
  };
}
