import { formatField } from '@cosmicai/payload';
import { z } from 'zod';
import { costSchema } from '@cosmicai/metrics';

const figure = z.number({ error: 'a number' });
const count = figure.nonnegative();

/** The middle of many simulated runs, and the 5th and 95th percentile around it. */
const rangeSchema = z.object({ median: figure, low: figure, high: figure });
export type Range = z.output<typeof rangeSchema>;

/** What a run will take, estimated before it is started: what `cosmicai quote --json` prints, and what is kept beside a run. */
export const quoteSchema = z.object(
  {
    ranks: count,
    ranksWithData: count,
    samples: count,
    bytes: count,
    seconds: rangeSchema,
    phases: z.object({ initialize: figure, map: figure, summarize: figure }),
    slowestRankSeconds: rangeSchema,
    lambdaRequests: count,
    stateTransitions: count,
    coldStarts: count,
    peakConcurrency: count,
    /** Functions that were taken to run at once at most; older quotes don't say. */
    concurrency: z.object({ limit: count, source: z.string() }).optional(),
    memory: z.object({ peakMb: count, configuredMb: count }),
    /** Bill of the simulated run with the median cost. */
    cost: costSchema,
    costUsd: rangeSchema,
    /** One sentence for each limit the run would hit or come near to. */
    warnings: z.array(z.string()).readonly(),
    /** Where rates and start times come from. */
    calibration: z.string(),
    simulatedRuns: count,
    format: formatField,
  },
  { error: 'a quote, as cosmicai quote --json prints it' },
);
export type Quote = z.output<typeof quoteSchema>;
