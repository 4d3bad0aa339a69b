import {
  concurrencyWarnings,
  partitionOf,
  ranksAtOnce,
  type Concurrency,
  type Identity,
  type StageOptions,
  type Statement,
} from '@cosmicai/deploy';
import { failed, off, ok, type Seen } from './finding.ts';
import type { StageView } from './stage-view.ts';

/** AWS refuses signatures that are older or newer. */
const MOST_SKEW_MS = 5 * 60_000;
/** Lambda's concurrent executions, as Service Quotas knows them. */
const QUOTA = 'L-B99A9384';

/** @param partition of the credentials */
export function checkRegion(region: string, partition: string): Seen {
  const wanted = partitionOf(region);
  return wanted === partition
    ? ok(region)
    : failed(
        `${region} is in the partition ${wanted}, the credentials are of ${partition}: take those of another account, or set region in the stage's file.`,
      );
}

/** @param skewMs by how much AWS's clock is ahead of this one; undefined: it didn't say */
export function checkClock(skewMs: number | undefined): Seen {
  if (skewMs === undefined) return off('not looked at: AWS told no time');
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  // AWS tells whole seconds.
  const apart = seconds <= 1 ? "agrees with AWS's" : `is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} AWS's`;
  return Math.abs(skewMs) <= MOST_SKEW_MS
    ? ok(`this machine's clock ${apart}`)
    : failed(
        `this machine's clock ${apart}, and AWS refuses what is signed by a clock more than 300 s off: set it (sudo timedatectl set-ntp true).`,
      );
}

export function checkConcurrency(options: StageOptions, concurrency: Concurrency | undefined, region: string): Seen {
  if (concurrency === undefined) return off('not looked at: AWS does not tell it (lambda:GetAccountSettings)');
  const { account, unreserved } = concurrency;
  const reserved = options.inference.reserved_concurrency;
  const has = `${account} functions at once, ${unreserved} of them not reserved${reserved > 0 ? `, ${reserved} reserved for ranks` : ''}`;
  // Throws where the stage asks for more than there is.
  const warnings = concurrencyWarnings(options, concurrency);
  const quota = `aws service-quotas request-service-quota-increase --region ${region} --service-code lambda --quota-code ${QUOTA} --desired-value 1000`;
  if (ranksAtOnce(options, concurrency) === 0 || unreserved === 0)
    return failed(
      `${has}: functions reserve all there is. Lower their reservations, or ask AWS for a higher quota: ${quota}`,
    );
  return ok(warnings.length === 0 ? has : `${has}. ${warnings.join(' ')} (${quota})`);
}

/** Holds the policies of who asks against what runs need. */
export async function checkPermissions(
  stage: string,
  { id, caller }: Identity,
  statements: readonly Statement[],
  view: Pick<StageView, 'refusedActions'>,
): Promise<Seen> {
  const policy = `cosmicai policy runner --stage ${stage} --account ${id}`;
  let refused: string[];
  try {
    refused = await view.refusedActions(caller, statements);
  } catch (error) {
    return off(`could not be looked at: ${(error as Error).message} What runs need: ${policy}`);
  }
  if (refused.length > 0) return failed(`not allowed: ${refused.join(', ')}. Add what is missing of: ${policy}`);
  const actions = new Set(statements.flatMap((statement) => statement.actions));
  return ok(`all ${actions.size} actions that runs need are allowed by IAM; policies of buckets are not looked at`);
}
