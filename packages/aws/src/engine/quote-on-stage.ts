import { pricesFor } from '@cosmicai/metrics';
import { DEFAULT_CALIBRATION, type Quote, quoteRun, partitionSizes, runPlanOf } from '@cosmicai/quote';
import { CosmicError, type RunPayload } from '@cosmicai/payload';
import { formatSeconds, formatUsd } from '@cosmicai/report';
import { openStore, dataAccess } from '@cosmicai/store';
import { provisionedFor, rendezvousSize } from '../stage/stage-sizes.ts';
import type { StageRun } from './stage-run.ts';

/**
 * What a run on a stage will take, of the stage's own functions. Undefined where the data can't be listed from here: its
 * functions may be allowed more than whoever starts them.
 *
 * @throws UserInputError when there is nothing to read, which no execution would mend
 */
export async function quoteOnStage(
  payload: RunPayload,
  { stage: { options }, called }: Pick<StageRun, 'stage' | 'called'>,
): Promise<Quote | undefined> {
  const { memory: memoryMb, ephemeral_storage: ephemeralStorageMb, architecture } = options.inference;
  try {
    const sizes = await partitionSizes(
      openStore(payload.data_bucket, { base: 's3://', access: dataAccess(payload) }),
      payload.data_prefix,
    );
    const plan = runPlanOf(payload, sizes, {
      memoryMb,
      ephemeralStorageMb,
      architecture,
      childType: called.childType,
      rendezvous: rendezvousSize(options),
      provisionedConcurrency: provisionedFor(options, called),
    });
    return quoteRun(plan, DEFAULT_CALIBRATION, { prices: pricesFor(options.region).prices });
  } catch (error) {
    if (error instanceof CosmicError && error.actor !== 'user') return undefined;
    throw error;
  }
}

/** A quote in a line, and its warnings below it. */
export function quoteLines({ seconds, costUsd, warnings }: Quote): string[] {
  const range = `${formatSeconds(seconds.low)} to ${formatSeconds(seconds.high)}`;
  return [
    `Quoted: ${formatSeconds(seconds.median)} (${range}), ${formatUsd(costUsd.median)}`,
    ...warnings.map((warning) => `Warning: ${warning}`),
  ];
}
