import { EnvironmentError, UserInputError } from '@cosmicai/payload';
import type { StageOptions } from './stage-options.ts';

/** Whose credentials these are. */
export interface Identity {
  /** The account's number. */
  readonly id: string;
  /** Who asks, as an ARN. */
  readonly caller: string;
}

export interface Account extends Identity {
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
  const { id, caller } = await callerIdentity(options.region);
  const concurrency = await accountConcurrency(options.region);
  return { id, caller, concurrency, warnings: concurrencyWarnings(options, concurrency) };
}

/**
 * @param answered is told the time by AWS's clock, as of each answer, refusals too
 * @throws EnvironmentError when there are no credentials that work
 */
export async function callerIdentity(region: string, answered?: (time: Date) => void): Promise<Identity> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
  const client = new STSClient({ region });
  if (answered !== undefined) {
    const tell = (response: unknown) => {
      const { date } = (response as { headers?: Record<string, string> } | undefined)?.headers ?? {};
      if (date !== undefined) answered(new Date(date));
    };
    client.middlewareStack.add(
      (next) => async (args) => {
        try {
          const result = await next(args);
          tell(result.response);
          return result;
        } catch (error) {
          tell((error as { $response?: unknown }).$response);
          throw error;
        }
      },
      { step: 'deserialize', priority: 'high' },
    );
  }
  const identity = await client.send(new GetCallerIdentityCommand()).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(
      `AWS doesn't know who you are (${why}). Set AWS_PROFILE, run "aws sso login", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
      { cause },
    );
  });
  const { Account: id, Arn: caller } = identity;
  if (id === undefined || caller === undefined)
    throw new EnvironmentError('AWS answered who you are without an account or an ARN; try again later.');
  return { id, caller };
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

/**
 * What runs of the stage must expect of the account.
 *
 * @throws UserInputError when the stage asks for more than the account has
 */
export function concurrencyWarnings({ inference }: StageOptions, concurrency: Concurrency | undefined): string[] {
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
