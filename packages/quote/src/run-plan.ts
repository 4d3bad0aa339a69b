import type { RankPlan } from '@cosmicai/payload';
import { BITS_PER_SAMPLE, DEFAULT_RENDEZVOUS_SIZE, type Architecture, type FargateSize } from '@cosmicai/metrics';
import type { AwsLimits } from './aws-limits.ts';

/** What a rank has to read. */
export interface RankLoad {
  readonly samples: number;
  readonly bytes: number;
  readonly files: number;
}

/** A run as planned. */
export interface RunPlan {
  readonly ranks: readonly RankLoad[];
  readonly batchSize: number;
  readonly memoryMb: number;
  /** Cores of a rank where they don't follow from its memory, as those of Lambda do. */
  readonly cores?: number;
  readonly ephemeralStorageMb: number;
  readonly architecture: Architecture;
  /** Ranks the state machine lets run at once. */
  readonly maxConcurrency: number;
  /** Ranks wait for each other, so all must run at once. */
  readonly fmi: boolean;
  /** Kind of the Distributed Map's child executions. */
  readonly childType: 'EXPRESS' | 'STANDARD';
  /** Server at which ranks with `fmi` meet; null: none that this run's account pays for; default: DEFAULT_RENDEZVOUS_SIZE. */
  readonly rendezvous?: FargateSize | null;
  /** Partitions lie in a bucket that may be of another region, so that what their transfer costs is not known. */
  readonly dataElsewhere?: boolean;
  /** Environments of the ranks' function that are kept ready all the time and paid for; default: none. */
  readonly provisionedConcurrency?: number;
  /** Environments that are warm when the run begins. */
  readonly warmEnvironments?: number;
}

/** The server at which the ranks meet; undefined: they don't, or the account doesn't pay for it. */
export function serverOf({ fmi, rendezvous = DEFAULT_RENDEZVOUS_SIZE }: RunPlan): FargateSize | undefined {
  return fmi ? (rendezvous ?? undefined) : undefined;
}

/** Until the server has started, where it is there for runs only. */
export function serverStartSeconds(plan: RunPlan, limits: AwsLimits): number {
  return serverOf(plan)?.idleMinutes === undefined ? 0 : limits.serverStartSeconds;
}

/** A stored sample, its redshift (float64) with it. Zip and pickle add a few hundred bytes a file. */
const STORED_BYTES_PER_SAMPLE = BITS_PER_SAMPLE / 8 + 8;

/** @param sizeOf bytes of a partition file */
export function loadsOf(plan: RankPlan, sizeOf: (key: string) => number): RankLoad[] {
  return plan.map((keys) => {
    const sizes = keys.map(sizeOf);
    return {
      files: keys.length,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      samples: sizes.reduce((sum, size) => sum + Math.floor(size / STORED_BYTES_PER_SAMPLE), 0),
    };
  });
}
