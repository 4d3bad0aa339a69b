import type { Architecture, FargateUsage, RunUsage } from './cost.ts';
import type { Prices } from './price-book.ts';

/** A container on Fargate. */
export interface FargateSize {
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly architecture: Architecture;
  /** It is there for runs only, and this long after the last one; absent: all the time. */
  readonly idleMinutes?: number;
}

/** What config/default.yml gives the rendezvous server. */
export const DEFAULT_RENDEZVOUS_SIZE: FargateSize = {
  vcpus: 0.25,
  memoryMb: 1024,
  architecture: 'x86_64',
  idleMinutes: 10,
};
/** What it gave the server as long as records of runs didn't tell. */
export const UNTOLD_RENDEZVOUS_SIZE: FargateSize = { vcpus: 1, memoryMb: 3072, architecture: 'x86_64' };

const SECONDS_PER_HOUR = 3600;
/** Transfer is charged by GB of 2^30 bytes, Fargate's memory is configured in MB of 2^20. */
const BYTES_PER_GB = 2 ** 30;
const MB_PER_GB = 1024;

/**
 * What the server at which the ranks of a run meet is charged for.
 *
 * @param run seconds from the run's beginning, or from the server's start for it where it is there for runs only, to the run's end
 */
export function fargateUsage(
  { vcpus, memoryMb, architecture, idleMinutes = 0 }: FargateSize,
  run: number,
): FargateUsage {
  const hours = (run + 60 * idleMinutes) / SECONDS_PER_HOUR;
  return { vcpuHours: vcpus * hours, gbHours: (memoryMb / MB_PER_GB) * hours, architecture };
}

/** Partitions read by functions of the bucket's own region. */
export function partitionTransfer(bytes: number): NonNullable<RunUsage['dataTransfer']> {
  return { fromS3ToLambdaGb: bytes / BYTES_PER_GB };
}

/** What the prices don't know of what was used, and how the bill has it instead: a sentence each. */
export function unpriced({ lambda, fargate, provisionedConcurrency }: RunUsage, prices: Prices): string[] {
  const of = `The prices of ${prices.region} (${prices.date})`;
  const { provisioned_concurrency_gb_second: kept, provisioned_duration_gb_second: duration } = prices.lambda;
  return [
    ...(provisionedConcurrency !== undefined && kept === undefined
      ? [
          `${of} have none for provisioned concurrency (lambda.provisioned_concurrency_gb_second): it is not in the cost.`,
        ]
      : []),
    ...(lambda.some(({ provisioned }) => provisioned) && duration === undefined
      ? [
          `${of} have none for durations on provisioned concurrency (lambda.provisioned_duration_gb_second): they are taken at the price of others.`,
        ]
      : []),
    ...(fargate?.architecture === 'arm64' && prices.fargate.arm64 === undefined
      ? [`${of} have none for Fargate on Arm (fargate.arm64): it is taken at the price of x86-64.`]
      : []),
  ];
}
