import { unpriced, type Prices, type RunUsage } from '@cosmicai/metrics';
import type { ExecutionRecord, RankResult } from '@cosmicai/payload';
import type { RunMaterial } from './run-material.ts';
import { stageUsageOf, type StageSources } from './stage-usage.ts';
import { usageOf } from './usage.ts';

export interface BillSources extends StageSources {
  readonly execution: ExecutionRecord;
  readonly s3: NonNullable<RunUsage['s3']>;
  /** Results of ranks that no REPORT line tells of. */
  readonly unreported: readonly RankResult[];
  readonly prices: Prices;
}

/** What of an execution is paid for, and what its cost assumes and leaves out. */
export function billOf(sources: BillSources): Pick<RunMaterial, 'usage' | 'costNote'> {
  const { s3, unreported, prices } = sources;
  const { events, definition, functions } = sources.execution;
  const stage = stageUsageOf(sources);
  const usage: RunUsage = {
    s3,
    ...stage.usage,
    ...usageOf(events, {
      definition,
      unreported,
      provisioned: stage.provisioned,
      ...(functions !== undefined && { sizes: functions }),
    }),
  };
  const notes = [...stage.notes, ...unpriced(usage, prices)];
  return { usage, ...(notes.length > 0 && { costNote: notes.join(' ') }) };
}
