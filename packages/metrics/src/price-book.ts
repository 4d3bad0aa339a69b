import { parseAs, UserInputError } from '@cosmicai/payload';
import { z } from 'zod';
import usEast1 from './prices/us-east-1.json' with { type: 'json' };

const price = z.number({ error: 'a price in USD' }).nonnegative();
const perArchitecture = z.object({ x86_64: price, arm64: price });
const perSize = { vcpu_hour: price, gb_hour: price };

/** Prices of one region on one date, in USD. One file a region lies in `prices/`; to add a region, add a file. */
export const pricesSchema = z.object({
  region: z.string().min(1),
  name: z.string(),
  /** Day on which the prices were noted. */
  date: z.iso.date(),
  currency: z.literal('USD'),
  /** Where the prices were read. */
  source: z.string().min(1),
  lambda: z.object({
    gb_second: perArchitecture,
    request: price,
    /** Of environments kept ready, while they are, and of the invocations in them; absent in older files: not known. */
    provisioned_concurrency_gb_second: perArchitecture.exactOptional(),
    provisioned_duration_gb_second: perArchitecture.exactOptional(),
    ephemeral_storage_gb_second: price,
    ephemeral_storage_free_mb: z.number().nonnegative(),
  }),
  step_functions: z.object({ standard_transition: price, express_request: price, express_gb_second: price }),
  s3: z.object({ put: price, list: price, get: price }),
  /** On x86-64, and on Arm and on spot (x86-64) where the file has them. */
  fargate: z.object({
    ...perSize,
    arm64: z.object(perSize).exactOptional(),
    spot: z.object(perSize).exactOptional(),
  }),
  /** A month of what is there, a GB of what is kept, an hour of an address; absent in older files: not known. */
  at_rest: z
    .object({
      alarm: price,
      metric: price,
      dashboard: price,
      kms_key: price,
      secret: price,
      budget: price,
      public_ipv4_hour: price,
      s3_gb: price,
      logs_gb: price,
      ecr_gb: price,
    })
    .exactOptional(),
  data_transfer: z.object({ out_to_internet_gb: price, between_zones_gb: price, between_s3_and_lambda_gb: price }),
});
export type Prices = z.output<typeof pricesSchema>;

export const DEFAULT_REGION = 'us-east-1';

const BOOK: ReadonlyMap<string, Prices> = new Map(
  [usEast1].map((page) => {
    const prices = parseAs(pricesSchema, page, 'price book');
    return [prices.region, prices];
  }),
);

/** Regions the book has prices for. */
export function pricedRegions(): string[] {
  return [...BOOK.keys()].sort();
}

/** @throws UserInputError when the book has no page for the region: a guessed price would be worse than none */
export function pricesOf(region: string = DEFAULT_REGION): Prices {
  const prices = BOOK.get(region);
  if (prices !== undefined) return prices;
  throw new UserInputError(
    `There are no prices for region "${region}", only for ${pricedRegions().join(', ')}. Copy packages/metrics/src/prices/${DEFAULT_REGION}.json, put the region's prices into it with their date and source, and name the copy with --prices; to keep it for all, list it in packages/metrics/src/price-book.ts.`,
  );
}
