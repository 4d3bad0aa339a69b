import { gridSchema, type Prices, type RunUsage } from '@cosmicai/metrics';
import type { FmiReport, RankResult, ReportLine, RunEvent, RunSummary } from '@cosmicai/payload';
import type { Quote } from '@cosmicai/quote';
import { z } from 'zod';
import type { Cutout } from './cutouts.ts';
import type { RunFrontier } from './frontier-of-run.ts';

/** How a run's predictions lie: galaxies counted by true redshift and, along y, by predicted redshift and by dz. */
export const predictionsSchema = z.object({ redshifts: gridSchema, residuals: gridSchema });
export type PredictionGrids = z.output<typeof predictionsSchema>;

/** What there is of a run. Only the ranks' results are needed. */
export interface RunMaterial {
  readonly title: string;
  /** ISO 8601. */
  readonly generatedAt: string;
  /** Each rank's result as it was read, of any generation. */
  readonly results: readonly unknown[];
  /** The same, where all are known to be of this system's. */
  readonly ours?: readonly RankResult[];
  readonly summary?: RunSummary;
  /** REPORT line of each rank's last invocation, by rank. */
  readonly reports?: ReadonlyMap<number, ReportLine>;
  /** The state machine, parsed from JSON or YAML, and what happened in it. */
  readonly definition?: unknown;
  readonly events?: readonly RunEvent[];
  /** fmi.json: when and how the ranks met. */
  readonly fmi?: FmiReport;
  readonly predictions?: PredictionGrids;
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
