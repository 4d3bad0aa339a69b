import { accountConcurrency, ranksAtOnce, stageOptions, type StageOptions } from '@cosmicai/deploy';
import { DEFAULT_AWS_LIMITS, givenOrAssumed, type Concurrency, type RankFunction } from '@cosmicai/quote';
import { rankFunctionOf } from './stage-sizes.ts';

/** How many ranks of a stage run at once: what is reserved for them, else what the account has, of the SDK's default credentials. */
export async function concurrencyOf(options: StageOptions): Promise<Concurrency | undefined> {
  const { region, inference } = options;
  const reserved = inference.reserved_concurrency > 0;
  const limit = ranksAtOnce(options, reserved ? undefined : await accountConcurrency(region));
  if (limit === undefined) return undefined;
  return { limit, source: reserved ? 'inference.reserved_concurrency' : `what this account allows in ${region}` };
}

/** A stage as its file has it, deployed or not, for quotes. */
export interface QuotedStage {
  readonly region: string;
  readonly rankFunction: Required<RankFunction>;
  readonly concurrency: Concurrency;
}

/**
 * @param given functions that run at once, which nobody is asked then
 * @throws UserInputError when the stage's file is wrong
 */
export async function quotedStage(name: string, given?: number): Promise<QuotedStage> {
  const options = stageOptions(name);
  const concurrency = given === undefined ? await concurrencyOf(options) : givenOrAssumed(given);
  return { region: options.region, rankFunction: rankFunctionOf(options), concurrency: concurrency ?? NOT_TOLD };
}

const NOT_TOLD: Concurrency = {
  limit: DEFAULT_AWS_LIMITS.accountConcurrency,
  source: "AWS's default, assumed, as AWS didn't tell (lambda:GetAccountSettings); --concurrency says another",
};
