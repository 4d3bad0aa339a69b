import type { Prices, RunUsage } from '@cosmicai/metrics';
import type { FmiReport, ReportLine, RunEvent, RunSummary } from '@cosmicai/payload';
import type { Quote } from '@cosmicai/quote';
import { z } from 'zod';
import type { Cutout } from './cutouts.ts';
import type { RunFrontier } from './frontier-of-run.ts';

const redshifts = z.array(z.number());

/** Some of a run's predictions, in the same order, and how many there are in all. */
export const predictionsSchema = z
  .object({ z_spec: redshifts, z_pred: redshifts, total: z.number().int().nonnegative() })
  .refine((columns) => columns.z_spec.length === columns.z_pred.length, {
    error: 'as many predicted as spectroscopic redshifts',
  });
export type PredictionSample = z.output<typeof predictionsSchema>;

/** What there is of a run. Only the ranks' results are needed. */
export interface RunMaterial {
  readonly title: string;
  /** ISO 8601. */
  readonly generatedAt: string;
  /** Each rank's result as it was read, of any generation. */
  readonly results: readonly unknown[];
  readonly summary?: RunSummary;
  /** REPORT line of each rank's last invocation, by rank. */
  readonly reports?: ReadonlyMap<number, ReportLine>;
  /** The state machine, parsed from JSON or YAML, and what happened in it. */
  readonly definition?: unknown;
  readonly events?: readonly RunEvent[];
  /** fmi.json: when and how the ranks met. */
  readonly fmi?: FmiReport;
  readonly predictions?: PredictionSample;
  readonly cutouts?: readonly Cutout[];
  readonly prices: Prices;
  /** Everything that was paid for; without it the cost is that of the ranks alone. */
  readonly usage?: RunUsage;
  /** What the cost by `usage` assumes and leaves out. */
  readonly costNote?: string;
  readonly quote?: Quote;
  readonly frontier?: RunFrontier;
  /** The payload's fields and the plan in numbers. */
  readonly configuration?: Readonly<Record<string, string | number | boolean | null>>;
  readonly warnings?: readonly string[];
}
