import { EnvironmentError, UserInputError } from '@cosmicai/payload';
import type { StageOptions } from './stage-options.ts';

export interface Account {
  readonly id: string;
  /** Who deploys, as an ARN. */
  readonly caller: string;
  /** Functions that may run at once; undefined: AWS doesn't tell. */
  readonly concurrency: Concurrency | undefined;
  readonly warnings: readonly string[];
}

/** What a run asks for unless its payload says otherwise. */
const USUAL_CONCURRENCY = 1000;
/** AWS keeps this many for functions without a reservation. */
const UNRESERVED = 100;

/**
 * Asks AWS who we are and what the account allows, before anything is built.
 *
 * @throws EnvironmentError when there are no credentials that work, UserInputError when the stage asks for more than the account has
 */
export async function checkAccount(options: StageOptions): Promise<Account> {
  const { region } = options;
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
  const identity = await new STSClient({ region }).send(new GetCallerIdentityCommand()).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(
      `AWS doesn't know who you are (${why}). Set AWS_PROFILE, run "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
      { cause },
    );
  });
  const { Account: id, Arn: caller } = identity;
  if (id === undefined || caller === undefined)
    throw new EnvironmentError('AWS answered who you are without an account or an ARN; try again later.');
  const concurrency = await accountConcurrency(options.region);
  return { id, caller, concurrency, warnings: concurrencyWarnings(options, concurrency) };
}

/** How many functions an account runs at once in a region. */
export interface Concurrency {
  readonly account: number;
  /** What of it no function has reserved. */
  readonly unreserved: number;
}

/** @returns undefined when AWS doesn't tell, as to those who may not ask */
export async function accountConcurrency(region: string): Promise<Concurrency | undefined> {
  const { GetAccountSettingsCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  try {
    const { AccountLimit } = await new LambdaClient({ region, maxAttempts: 2 }).send(new GetAccountSettingsCommand());
    const { ConcurrentExecutions: account, UnreservedConcurrentExecutions: unreserved = account } = AccountLimit ?? {};
    return account === undefined || unreserved === undefined ? undefined : { account, unreserved };
  } catch {
    return undefined;
  }
}

/** Ranks of a stage that run at once: what is reserved for them, else what nobody has reserved. */
export function ranksAtOnce({ inference }: StageOptions, concurrency: Concurrency | undefined): number | undefined {
  return inference.reserved_concurrency > 0 ? inference.reserved_concurrency : concurrency?.unreserved;
}

function concurrencyWarnings({ inference }: StageOptions, concurrency: Concurrency | undefined): string[] {
  if (concurrency === undefined) return ["Lambda's quota of concurrent executions is not known."];
  const { account: limit } = concurrency;
  // Reserving nothing takes nothing, also of an account that has fewer than AWS keeps.
  if (inference.reserved_concurrency > Math.max(0, limit - UNRESERVED)) {
    throw new UserInputError(
      `inference.reserved_concurrency is ${inference.reserved_concurrency}, but the account has ${limit} concurrent executions and keeps ${UNRESERVED} unreserved. Lower it or ask AWS for a higher quota.`,
    );
  }
  return limit < USUAL_CONCURRENCY
    ? [
        `The account allows ${limit} concurrent executions: runs with more ranks take turns, or ask AWS for a higher quota.`,
      ]
    : [];
}
