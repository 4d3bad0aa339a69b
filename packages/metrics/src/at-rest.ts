import type { Architecture } from './cost.ts';
import type { Prices } from './price-book.ts';
import { fargateUsage, type FargateSize } from './stage-costs.ts';

/** What of a stage is charged for by its being there, whether runs are under way or not. */
export interface StageAtRest {
  readonly alarms: number;
  /** A key of its own encrypts what they say. */
  readonly alarmKey: boolean;
  readonly provisioned: {
    readonly environments: number;
    readonly memoryMb: number;
    readonly architecture: Architecture;
  };
  /** The server, which has a secret; null: none. */
  readonly rendezvous: FargateSize | null;
}

/** What comes to the same each month. */
export interface RestingCost {
  readonly what: string;
  /** In a month of 730 hours. */
  readonly usd: number;
}

const HOURS = 730;
const SECONDS_PER_HOUR = 3600;
const MB_PER_GB = 1024;

/**
 * What a stage costs in a month in which nothing runs, by list prices and without free tiers, but for what depends on how much is
 * stored. The dashboard is taken as one of the three that an account has for nothing.
 *
 * @returns undefined when the prices are of an earlier version, which doesn't know these
 */
export function costsAtRest(stage: StageAtRest, prices: Prices): RestingCost[] | undefined {
  const { at_rest: each, lambda } = prices;
  if (each === undefined) return undefined;
  const { alarms, alarmKey, provisioned, rendezvous } = stage;
  const lines = [{ what: 'alarms', usd: alarms * each.alarm }];
  if (alarmKey) lines.push({ what: 'key of the alarms', usd: each.kms_key });
  if (rendezvous !== null) {
    lines.push({ what: 'secret of the server', usd: each.secret });
  }
  // One that is there for runs only is in their bills.
  if (rendezvous !== null && rendezvous.idleMinutes === undefined) {
    const { vcpuHours, gbHours, architecture } = fargateUsage(rendezvous, HOURS * SECONDS_PER_HOUR);
    const { vcpu_hour, gb_hour } = (architecture === 'arm64' ? prices.fargate.arm64 : undefined) ?? prices.fargate;
    lines.push(
      { what: 'server', usd: vcpuHours * vcpu_hour + gbHours * gb_hour },
      { what: 'address of the server', usd: HOURS * each.public_ipv4_hour },
    );
  }
  const kept = lambda.provisioned_concurrency_gb_second?.[provisioned.architecture] ?? 0;
  const gb = (provisioned.environments * provisioned.memoryMb) / MB_PER_GB;
  if (gb > 0) lines.push({ what: 'provisioned concurrency', usd: gb * kept * HOURS * SECONDS_PER_HOUR });
  return lines;
}
