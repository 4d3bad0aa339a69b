import { DEFAULT_AWS_LIMITS, type AwsLimits } from './aws-limits.ts';

/** How many functions run at once for a run's ranks; what is beyond takes turns, as `run --target aws` lets it. */
export interface Concurrency {
  readonly limit: number;
  /** Where that is from, as part of a sentence. */
  readonly source: string;
}

/** What is taken where nobody has asked AWS. */
export function assumedConcurrency({ accountConcurrency }: Pick<AwsLimits, 'accountConcurrency'>): Concurrency {
  return { limit: accountConcurrency, source: "AWS's default, assumed; new accounts may have 10" };
}

/** What a user says, else what is assumed. */
export function givenOrAssumed(given: number | undefined): Concurrency {
  return given === undefined ? assumedConcurrency(DEFAULT_AWS_LIMITS) : { limit: given, source: 'as given' };
}

/** A plan whose ranks take turns, so that none is throttled for want of concurrency. */
export function takingTurns<Plan extends { readonly maxConcurrency: number }>(plan: Plan, limit: number): Plan {
  return plan.maxConcurrency > limit ? { ...plan, maxConcurrency: limit } : plan;
}
