import { z } from 'zod';
import type { Prices } from './price-book.ts';

/** GB in Lambda's price is 2^30 bytes and memory is configured in MB of 2^20. */
const MB_PER_GB = 1024;
/** Step Functions Express bills memory in chunks of 64 MB and time in steps of 100 ms. */
const EXPRESS_CHUNK_MB = 64;
const EXPRESS_STEP_SECONDS = 0.1;

export type Architecture = 'x86_64' | 'arm64';

export interface LambdaUsage {
  /** Function or purpose, for the bill's lines. */
  readonly name: string;
  readonly architecture: Architecture;
  /** Configured, not used: that is what is paid for. */
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly requests: number;
  /** Billed seconds of all requests together (Billed Duration of the REPORT lines). */
  readonly billedSeconds: number;
  /** All of them ran in environments kept ready, where a second costs less. */
  readonly provisioned?: boolean;
}

export interface FargateUsage {
  readonly vcpuHours: number;
  readonly gbHours: number;
  /** Default: x86_64. */
  readonly architecture?: Architecture;
}

export interface ProvisionedConcurrency {
  readonly architecture: Architecture;
  readonly memoryMb: number;
  readonly environments: number;
  /** For how long they were kept. */
  readonly seconds: number;
}

/** Everything of a run that costs money. What is left out counts as not used. */
export interface RunUsage {
  readonly lambda: readonly LambdaUsage[];
  readonly stepFunctions?: {
    readonly standardTransitions?: number;
    readonly expressRequests?: number;
    readonly expressGbSeconds?: number;
  };
  readonly s3?: { readonly puts?: number; readonly lists?: number; readonly gets?: number };
  readonly fargate?: FargateUsage;
  /** Environments kept ready, whether something ran in them or not. */
  readonly provisionedConcurrency?: ProvisionedConcurrency;
  readonly dataTransfer?: {
    readonly outToInternetGb?: number;
    readonly betweenZonesGb?: number;
    /** Read by functions from buckets of their own region. */
    readonly fromS3ToLambdaGb?: number;
  };
}

const figure = z.number({ error: 'a number' });

/** A bill: its lines, in USD, and the prices it is by. */
export const costSchema = z.object({
  usd: figure,
  items: z
    .array(
      z.object({
        service: z.enum(['Lambda', 'Step Functions', 'S3', 'Fargate', 'Data transfer', 'Nodes']),
        item: z.string(),
        quantity: figure,
        unit: z.string(),
        /** USD per unit. */
        unitPrice: figure,
        usd: figure,
      }),
    )
    .readonly(),
  region: z.string(),
  /** Day the prices are from. */
  pricesDate: z.string(),
});
export type Cost = z.output<typeof costSchema>;
export type CostItem = Cost['items'][number];

/** The bill of a run, line by line; lines of nothing used are left out. */
export function costOfRun(usage: RunUsage, prices: Prices): Cost {
  const { stepFunctions = {}, s3 = {}, fargate, dataTransfer = {} } = usage;
  const fargatePrices = (fargate?.architecture === 'arm64' ? prices.fargate.arm64 : undefined) ?? prices.fargate;
  const items = [
    ...usage.lambda.flatMap((used) => lambdaItems(used, prices)),
    ...(usage.provisionedConcurrency === undefined ? [] : provisionedItems(usage.provisionedConcurrency, prices)),
    line(
      'Step Functions',
      'Standard',
      stepFunctions.standardTransitions,
      'state transition',
      prices.step_functions.standard_transition,
    ),
    line(
      'Step Functions',
      'Express requests',
      stepFunctions.expressRequests,
      'request',
      prices.step_functions.express_request,
    ),
    line(
      'Step Functions',
      'Express duration',
      stepFunctions.expressGbSeconds,
      'GB-second',
      prices.step_functions.express_gb_second,
    ),
    line('S3', 'PUT', s3.puts, 'request', prices.s3.put),
    line('S3', 'LIST', s3.lists, 'request', prices.s3.list),
    line('S3', 'GET', s3.gets, 'request', prices.s3.get),
    line('Fargate', 'vCPU', fargate?.vcpuHours, 'vCPU-hour', fargatePrices.vcpu_hour),
    line('Fargate', 'memory', fargate?.gbHours, 'GB-hour', fargatePrices.gb_hour),
    line(
      'Data transfer',
      'out to the internet',
      dataTransfer.outToInternetGb,
      'GB',
      prices.data_transfer.out_to_internet_gb,
    ),
    line('Data transfer', 'between zones', dataTransfer.betweenZonesGb, 'GB', prices.data_transfer.between_zones_gb),
    line(
      'Data transfer',
      'from S3 to Lambda in one region',
      dataTransfer.fromS3ToLambdaGb,
      'GB',
      prices.data_transfer.between_s3_and_lambda_gb,
    ),
  ].filter((item) => item.quantity > 0);
  return {
    usd: items.reduce((sum, item) => sum + item.usd, 0),
    items,
    region: prices.region,
    pricesDate: prices.date,
  };
}

function lambdaItems(used: LambdaUsage, prices: Prices): CostItem[] {
  const warmPrices = used.provisioned === true ? prices.lambda.provisioned_duration_gb_second : undefined;
  const storageMb = Math.max(0, used.ephemeralStorageMb - prices.lambda.ephemeral_storage_free_mb);
  return [
    line(
      'Lambda',
      `${used.name} duration (${used.architecture}, ${used.memoryMb} MB${warmPrices === undefined ? '' : ', provisioned'})`,
      (used.memoryMb / MB_PER_GB) * used.billedSeconds,
      'GB-second',
      (warmPrices ?? prices.lambda.gb_second)[used.architecture],
    ),
    line('Lambda', `${used.name} requests`, used.requests, 'request', prices.lambda.request),
    line(
      'Lambda',
      `${used.name} ephemeral storage`,
      (storageMb / MB_PER_GB) * used.billedSeconds,
      'GB-second',
      prices.lambda.ephemeral_storage_gb_second,
    ),
  ];
}

function provisionedItems(kept: ProvisionedConcurrency, prices: Prices): CostItem[] {
  const unitPrice = prices.lambda.provisioned_concurrency_gb_second?.[kept.architecture];
  if (unitPrice === undefined) return [];
  const gbSeconds = kept.environments * (kept.memoryMb / MB_PER_GB) * kept.seconds;
  const item = `provisioned concurrency (${kept.architecture}, ${kept.memoryMb} MB)`;
  return [line('Lambda', item, gbSeconds, 'GB-second', unitPrice)];
}

function line(
  service: CostItem['service'],
  item: string,
  quantity: number | undefined,
  unit: string,
  unitPrice: number,
): CostItem {
  const used = quantity ?? 0;
  return { service, item, quantity: used, unit, unitPrice, usd: used * unitPrice };
}

/**
 * What Step Functions bills for Express executions (here: the children of the Distributed Map).
 *
 * @param seconds duration of each execution
 * @param memoryMb memory of one execution: definition, input and a map or parallel state at work; 64 MB for one task
 */
export function expressGbSeconds(seconds: Iterable<number>, memoryMb: number = EXPRESS_CHUNK_MB): number {
  const gb = (Math.ceil(memoryMb / EXPRESS_CHUNK_MB) * EXPRESS_CHUNK_MB) / MB_PER_GB;
  let steps = 0;
  // Cut to the millisecond first: 0.3 / 0.1 is a hair above 3 in doubles and would cost a fourth step.
  for (const each of seconds) steps += Math.ceil(Math.round(each * 1000) / (EXPRESS_STEP_SECONDS * 1000));
  return steps * EXPRESS_STEP_SECONDS * gb;
}

/** USD per GB-second in the course teams' spreadsheets. */
const TEAMS_GB_SECOND = 0.00001667;

/**
 * The course teams' own estimate, requests x duration x memory x 0.00001667 USD, for comparison with their tables: it knows
 * no requests, no orchestration and no storage, and takes the memory used for the memory paid for.
 */
export function teamsEstimate({
  requests,
  durationSeconds,
  memoryGb,
}: {
  readonly requests: number;
  readonly durationSeconds: number;
  readonly memoryGb: number;
}): number {
  return requests * durationSeconds * memoryGb * TEAMS_GB_SECOND;
}
