import type { FunctionSize, RendezvousSize } from '@cosmicai/payload';
import type { RankFunction } from '@cosmicai/quote';
import type { StageOptions } from '@cosmicai/deploy';
import type { CalledFunctions } from './called-functions.ts';

/** Lambda's least, which the small functions have. */
const LEAST_STORAGE_MB = 512;
const UNITS_PER_VCPU = 1024;
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

/** The server at which a stage's ranks meet; null: it has none. */
export function rendezvousSize({ rendezvous }: Pick<StageOptions, 'rendezvous'>): RendezvousSize | null {
  if (!rendezvous.enabled) return null;
  return {
    vcpus: rendezvous.cpu / UNITS_PER_VCPU,
    memoryMb: rendezvous.memory,
    architecture: rendezvous.architecture === 'ARM64' ? 'arm64' : 'x86_64',
    ...(rendezvous.mode === 'on-demand' && { idleMinutes: rendezvous.idle_minutes }),
  };
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
