import { UserInputError } from '@cosmicai/payload';
import type { Quote } from './quote-schema.ts';

/**
 * Holds a run to a limit before anything is done for it: the upper end of its quote counts.
 *
 * @param maxUsd USD that it may cost
 * @throws UserInputError with the quote and a way to what would fit
 */
export function withinCost({ costUsd: { median, high } }: Pick<Quote, 'costUsd'>, maxUsd: number): void {
  if (high <= maxUsd) return;
  const usd = (amount: number) => Number(amount.toPrecision(3));
  throw new UserInputError(
    `This run is quoted at ${usd(median)} USD (95 %: up to ${usd(high)}), more than --max-cost ${maxUsd} allows, so nothing was uploaded or started. The same payload or data given to cosmicai tune with --budget ${maxUsd} shows what would fit.`,
  );
}
