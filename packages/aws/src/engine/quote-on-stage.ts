import { pricesFor } from '@cosmicai/metrics';
import { stageModel } from '@cosmicai/deploy';
import { type Concurrency, type Quote, quoteRun, partitionSizes, runPlanOf, withinCost } from '@cosmicai/quote';
import { CosmicError, UserInputError, type RunPayload } from '@cosmicai/payload';
import { formatSeconds, formatUsd } from '@cosmicai/report';
import { calibrationOfModel } from '@cosmicai/runs/gather';
import { openStore, dataAccess } from '@cosmicai/store';
import { partitionFileSizes } from '../run/upload.ts';
import { rankFunctionOf } from '../stage/stage-sizes.ts';
import type { StagePayload } from './stage-payload.ts';
import type { StageRun } from './stage-run.ts';

export interface ToQuote {
  readonly payload: RunPayload;
  /** What is still to be uploaded: a folder of this machine. */
  readonly upload?: StagePayload['upload'];
  /** Path of a model on this machine that the run will take, in place of the payload's or the stage's. */
  readonly modelPath?: string | undefined;
  /** Undefined: not known. */
  readonly concurrency?: Concurrency | undefined;
}

/**
 * What a run on a stage will take, of the stage's own functions, before anything is uploaded: the sizes are those of files that
 * are here and of what lies in the bucket. Undefined where the data can't be listed from here: its functions may be allowed
 * more than whoever starts them.
 *
 * @throws UserInputError when there is nothing to read, which no execution would mend
 */
export async function quoteOnStage(
  { payload, upload, modelPath, concurrency }: ToQuote,
  { stage: { options }, called }: Pick<StageRun, 'stage' | 'called'>,
): Promise<Quote | undefined> {
  const here = upload === undefined ? new Map<string, number>() : await partitionFileSizes(upload.folder);
  try {
    const sizes = await partitionSizes(
      openStore(payload.data_bucket, { base: 's3://', access: dataAccess(payload) }),
      payload.data_prefix,
    );
    for (const [name, size] of here) sizes.set(`${upload?.prefix}/${name}`, size);
    const plan = runPlanOf(payload, sizes, rankFunctionOf(options, called));
    const calibration = await calibrationOfModel(payload, {
      chosen: modelPath,
      byDefault: stageModel(options.inference.model),
      openStore: (address) => openStore(address, { base: 's3://' }),
    });
    return quoteRun(plan, calibration, { prices: pricesFor(options.region).prices, concurrency });
  } catch (error) {
    if (error instanceof CosmicError && error.actor !== 'user') return undefined;
    throw error;
  }
}

/**
 * Holds a run on a stage to what it may cost.
 *
 * @throws UserInputError when it is quoted higher, or nobody can say
 */
export function checkCost(quote: Quote | undefined, maxUsd: number): void {
  if (quote === undefined)
    throw new UserInputError(
      'The partitions of the payload can’t be listed from here, so nobody knows what the run would cost: start it without --max-cost, or with credentials that may list them.',
    );
  withinCost(quote, maxUsd);
}

/** A quote in a line, and its warnings below it. */
export function quoteLines({ seconds, costUsd, warnings }: Quote): string[] {
  const range = `${formatSeconds(seconds.low)} to ${formatSeconds(seconds.high)}`;
  return [
    `Quoted: ${formatSeconds(seconds.median)} (${range}), ${formatUsd(costUsd.median)}`,
    ...warnings.map((warning) => `Warning: ${warning}`),
  ];
}
