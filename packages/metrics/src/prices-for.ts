import { DEFAULT_REGION, pricedRegions, pricesOf, type Prices } from './price-book.ts';

/** The prices for a run of a region; where the book has none, those of the default region and a sentence that says so. */
export function pricesFor(region: string = DEFAULT_REGION): {
  readonly prices: Prices;
  readonly warning?: string | undefined;
} {
  if (pricedRegions().includes(region)) return { prices: pricesOf(region) };
  return {
    prices: pricesOf(),
    warning: `There are no prices for ${region}: costs are told at those of ${DEFAULT_REGION}. Give its prices with --prices (docs/costs.md).`,
  };
}
