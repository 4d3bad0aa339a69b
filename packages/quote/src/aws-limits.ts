/** What AWS allows and how it behaves. Quotas are AWS's published defaults; an account may have others. */
export interface AwsLimits {
  /** Lambda: concurrent executions of an account and region. New accounts may start lower. */
  readonly accountConcurrency: number;
  /** Lambda: environments a function can add in ten seconds, refilled continuously, not accrued. */
  readonly scaleOutPerTenSeconds: number;
  /** Lambda: longest invocation. */
  readonly timeoutSeconds: number;
  readonly largestMemoryMb: number;
  /** Lambda: memory at which a function has one vCPU; CPU grows in proportion. */
  readonly memoryMbPerVcpu: number;
  /** Step Functions: longest Express execution. */
  readonly expressSeconds: number;
  /** Step Functions: child executions a Distributed Map starts in a second. AWS publishes no figure; this is the StartExecution rate of Standard workflows in large regions. */
  readonly childStartsPerSecond: number;
  readonly distributedMapConcurrency: number;
  /** S3: requests a second and prefix. */
  readonly s3GetsPerSecond: number;
  /** S3: seconds from a small request to its answer inside the region. AWS says 100-200 ms for first bytes in general; in-region measurements lie at 20-60 ms. */
  readonly s3RequestSeconds: number;
  /** S3 to one function of a vCPU and more, bytes a second. Measurements lie at 60-100 MB/s for functions of 2 GB and more. */
  readonly s3BytesPerSecond: number;
  /** ECS on Fargate: seconds until a server that is started for a run answers. An assumption: AWS publishes no figure, and it was not measured. */
  readonly serverStartSeconds: number;
}

export const DEFAULT_AWS_LIMITS: AwsLimits = {
  accountConcurrency: 1000,
  scaleOutPerTenSeconds: 1000,
  timeoutSeconds: 900,
  largestMemoryMb: 10_240,
  memoryMbPerVcpu: 1769,
  expressSeconds: 300,
  childStartsPerSecond: 300,
  distributedMapConcurrency: 10_000,
  s3GetsPerSecond: 5500,
  s3RequestSeconds: 0.03,
  s3BytesPerSecond: 75e6,
  serverStartSeconds: 45,
};

/** Retry of the state machine: back-off with full jitter. */
export interface RetryPolicy {
  readonly intervalSeconds: number;
  readonly backoffRate: number;
  /** Retries after the first attempt. */
  readonly maxAttempts: number;
  readonly maxDelaySeconds: number;
}

/** Those of state-machine.asl.yml: for errors that may pass, and for throttling, which passes as soon as others end. */
export const DEFAULT_RETRY: RetryPolicy = { intervalSeconds: 1, backoffRate: 2, maxAttempts: 3, maxDelaySeconds: 30 };
export const DEFAULT_THROTTLE_RETRY: RetryPolicy = {
  intervalSeconds: 2,
  backoffRate: 2,
  maxAttempts: 12,
  maxDelaySeconds: 60,
};

/** Largest memory in MB at which a function is shown so many cores: measured (github.com/rwnx/lambda-cpuinfo), AWS publishes no table. */
const CORES: readonly (readonly [upToMb: number, cores: number])[] = [
  [3008, 2],
  [5307, 3],
  [7076, 4],
  [8845, 5],
];

/** Cores that a function sees. It gets less of their time than that: `memoryMbPerVcpu`. */
export function lambdaCores(memoryMb: number): number {
  return CORES.find(([upToMb]) => memoryMb <= upToMb)?.[1] ?? 6;
}

/** Sessions of a rank, one on each core that it is really given: as `coresGiven` of @cosmicai/inference counts them there. */
export function sessionsOn(memoryMb: number, { memoryMbPerVcpu }: AwsLimits = DEFAULT_AWS_LIMITS): number {
  return Math.max(1, Math.min(lambdaCores(memoryMb), Math.round(memoryMb / memoryMbPerVcpu)));
}

export function vcpusOf(memoryMb: number, { memoryMbPerVcpu }: AwsLimits = DEFAULT_AWS_LIMITS): number {
  return memoryMb / memoryMbPerVcpu;
}

/** What a rank has to work with: time of so many processors, and sessions that use it. */
export function processorOf(
  { cores, memoryMb }: { readonly cores?: number; readonly memoryMb: number },
  limits: AwsLimits,
): { readonly vcpus: number; readonly sessions: number } {
  if (cores !== undefined) return { vcpus: cores, sessions: cores };
  return { vcpus: vcpusOf(memoryMb, limits), sessions: sessionsOn(memoryMb, limits) };
}
