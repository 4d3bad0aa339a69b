import {
  costOfRun,
  normaliseOwnResult,
  readRankResults,
  runTable,
  median,
  type NormalisedRank,
  type RankMeasurement,
  type RunTable,
} from '@cosmicai/metrics';
import { type Quote, reconcile } from '@cosmicai/quote';
import {
  defined,
  describeArithmetic,
  quantizedModels,
  type RankResult,
  rankResultSchema,
  type RunSummary,
} from '@cosmicai/payload';
import type { RunMaterial } from '@cosmicai/runs/gather';
import { RANKS_ALONE } from './bill.ts';
import { graphOf } from './machine/graph.ts';
import { machineHistory, type RunEvent } from './machine/history.ts';
import { meetingOf } from './meeting.ts';
import { rankTimelines } from './rank-timelines.ts';
import { scoreNotes, scoresOf } from './scores-of.ts';
import type { RunReport } from './run-report.ts';

/** Of a run whose events may be anybody's. The more there is, the more the report shows. */
export interface ReportMaterial extends Omit<RunMaterial, 'events'> {
  readonly events?: Iterable<RunEvent>;
  /** The table of the ranks where it is all that is left of them, and `results` is empty. */
  readonly rows?: RunReport['ranks'];
  readonly wallClockSeconds?: number;
  readonly modelName?: string;
  /** Of what made the report. */
  readonly versions?: RunReport['versions'];
}

/** Puts the report of a run together. */
export function assembleRunReport(material: ReportMaterial): RunReport {
  const { summary, prices } = material;
  const { ranks, notes } =
    material.ours === undefined
      ? readRankResults(material.results)
      : { ranks: material.ours.map(normaliseOwnResult), notes: [] };
  const wallClockSeconds = material.wallClockSeconds ?? summary?.wall_clock_seconds;
  const table = runTable(
    ranks.map(({ measurement }) => measurement),
    {
      prices,
      ...defined({ reports: material.reports, wallClockSeconds }),
    },
  );
  const ours =
    material.ours ??
    material.results.flatMap((result) => {
      const parsed = rankResultSchema.safeParse(result);
      return parsed.success ? [parsed.data] : [];
    });
  const events = [...(material.events ?? [])];
  const startedAt = startOf(summary, events, ours);
  return {
    title: material.title,
    runId: summary?.run_id ?? ours[0]?.run_id ?? null,
    status: summary?.status ?? 'RESULTS ONLY',
    startedAt,
    generatedAt: material.generatedAt,
    wallClockSeconds: wallClockSeconds ?? null,
    samples: ranks.length === 0 ? (summary?.samples ?? 0) : table.samples,
    bits: ranks.length === 0 ? (summary?.bits ?? 0) : table.bits,
    scores: isUnlabelled(summary) ? null : (summary?.prediction_scores ?? scoresOf(ranks)),
    flagged: summary?.flagged ?? null,
    unflaggedScores: isUnlabelled(summary) ? null : (summary?.prediction_scores_unflagged ?? null),
    ...defined({
      withoutTruth: summary?.without_truth,
      redshiftHistogram: summary?.redshift_histogram,
      withoutRedshift: summary?.without_redshift,
      classCounts: summary?.class_counts,
    }),
    ranks: material.rows ?? [...table.rows],
    failedRanks: (summary?.failed_ranks ?? []).map(({ rank, error, cause }) => ({ rank, error: `${error}: ${cause}` })),
    rates: ranks.length === 0 && summary !== undefined ? ratesIn(summary) : ratesOf(table),
    timeline:
      startedAt === null
        ? []
        : rankTimelines(ours, { events, since: Date.parse(startedAt), reports: material.reports, fmi: material.fmi }),
    meeting: material.fmi === undefined ? null : meetingOf(material.fmi),
    machine:
      material.definition === undefined || startedAt === null
        ? null
        : machineHistory(graphOf(material.definition), events, Date.parse(startedAt)),
    predictions: material.predictions ?? null,
    cutouts: [...(material.cutouts ?? [])],
    ...costsOf(material, ranks.length === 0 ? undefined : table.usd),
    prices,
    frontier: frontierIn(material, wallClockSeconds),
    quoteBasis: material.quote?.calibration ?? null,
    reconciliation: material.quote === undefined ? [] : reconciled(material, material.quote, table),
    model: {
      name: material.modelName ?? null,
      sha256: modelsOf(summary, ours),
      arithmetic: (summary?.quantized_models ?? quantizedModels(ours)).map(describeArithmetic),
    },
    configuration: { ...(material.configuration ?? configurationOf(ranks)) },
    versions: material.versions ?? {},
    warnings: [
      ...(summary?.warnings ?? []),
      ...(material.warnings ?? []),
      ...notes,
      ...(summary === undefined ? scoreNotes(ranks) : []),
    ],
    notChecked: [...(summary?.not_checked ?? [])],
    proof: summary?.proof?.statement ?? null,
    notUnderstood: unknownFields(ranks),
  };
}

/** Whether no galaxy of a run has both a true redshift and a predicted one, so that its accuracy says nothing. */
function isUnlabelled(summary: RunSummary | undefined): boolean {
  const { without_truth: truth = 0, without_redshift: redshift = 0, samples = 0 } = summary ?? {};
  return samples > 0 && (truth === samples || redshift === samples);
}

function ratesOf({ rates: { summedOverRanks, bySlowestRank, byWallClock } }: RunTable): RunReport['rates'] {
  return { summedOverRanks, bySlowestRank, byWallClock };
}

function costsOf(
  { usage, costNote, prices, summary }: ReportMaterial,
  ranksUsd: number | null | undefined,
): Pick<RunReport, 'cost' | 'costNote'> {
  if (usage !== undefined) return { cost: costOfRun(usage, prices), costNote: costNote ?? null };
  if (ranksUsd === undefined && summary?.cost != null) {
    const items = summary.cost.items.map((each) => ({
      ...each,
      service: 'Lambda' as const,
      unitPrice: each.quantity === 0 ? 0 : each.usd / each.quantity,
    }));
    return { cost: { usd: summary.cost.usd, items }, costNote: RANKS_ALONE };
  }
  if (ranksUsd === null || ranksUsd === undefined) {
    return {
      cost: null,
      costNote: 'No cost: the results do not tell how much memory the functions had, and Lambda is paid for by that.',
    };
  }
  return {
    cost: {
      usd: ranksUsd,
      items: [
        {
          service: 'Lambda',
          item: 'all ranks, duration and requests',
          quantity: 1,
          unit: 'run',
          unitPrice: ranksUsd,
          usd: ranksUsd,
        },
      ],
    },
    costNote: RANKS_ALONE,
  };
}

function frontierIn({ frontier, usage, prices }: ReportMaterial, seconds: number | undefined): RunReport['frontier'] {
  if (frontier === undefined) return null;
  const own = usage === undefined || seconds === undefined ? null : { seconds, usd: costOfRun(usage, prices).usd };
  return { points: [...frontier.points], basis: frontier.basis, own };
}

function reconciled(
  { summary, usage, prices, wallClockSeconds }: ReportMaterial,
  quote: Quote,
  { rows, samples }: Pick<RunReport, 'samples'> & { rows: readonly RunReport['ranks'][number][] },
): RunReport['reconciliation'] {
  const most = (of: (row: RunReport['ranks'][number]) => number | null) => {
    const values = rows.map(of).filter((value) => value !== null);
    return values.length === 0 ? undefined : values.reduce((high, value) => Math.max(high, value));
  };
  return reconcile(quote, {
    seconds: wallClockSeconds ?? summary?.wall_clock_seconds,
    slowestRankSeconds: most((row) => (row.seconds === null ? null : row.seconds + (row.initSeconds ?? 0))),
    usd: usage === undefined ? undefined : costOfRun(usage, prices).usd,
    peakMb: most((row) => row.memoryMb),
    lambdaRequests: usage?.lambda.reduce((sum, { requests }) => sum + requests, 0),
    coldStarts: summary?.ranks.cold_starts,
    samples,
  });
}

/** The earliest trace of the run: the first event, the summary's start, or the first rank's. */
function startOf(
  summary: RunSummary | undefined,
  events: readonly RunEvent[],
  ranks: readonly RankResult[],
): string | null {
  const times = [events[0]?.time, summary?.created_at, ...ranks.map((rank) => rank.started_at)]
    .map((time) => Date.parse(time ?? ''))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? null : new Date(Math.min(...times)).toISOString();
}

function modelsOf(summary: RunSummary | undefined, ranks: readonly RankResult[]): string[] {
  return [...new Set(summary?.model_sha256 ?? ranks.map((rank) => rank.model_sha256))];
}

/** What results without a payload beside them still tell of their run. */
function configurationOf(ranks: readonly NormalisedRank[]): RunReport['configuration'] {
  const first = ranks[0]?.measurement;
  if (first === undefined) return {};
  const { batchSize, device, resultPath, worldSize } = first;
  const measured = ranks.map(({ measurement }) => measurement);
  const middle = (of: (rank: RankMeasurement) => number | null) => {
    const values = measured.map(of).filter((value) => value !== null);
    return values.length === 0 ? null : median(values);
  };
  return Object.fromEntries(
    Object.entries({
      world_size: worldSize ?? ranks.length,
      batch_size: batchSize,
      device,
      result_path: resultPath,
      'libraries in memory, median (MB)': middle(({ memoryParts }) => memoryParts.librariesMb),
      'model in memory, median (MB)': middle(({ memoryParts }) => memoryParts.modelMb),
      'images in memory, median (MB)': middle(({ memoryParts }) => memoryParts.imagesMb),
      'S3 requests of a rank, median': middle(({ s3 }) => s3.requests),
      'seconds in S3 requests of a rank, median': middle(({ s3 }) => s3.total),
    }).filter(([, value]) => value !== null),
  );
}

/** The rates of a run of which only the summary is there. */
function ratesIn({ samples_per_second: samples, bits_per_second: bits }: RunSummary): RunReport['rates'] {
  const rate = (name: keyof RunSummary['bits_per_second']) => {
    const [samplesPerSecond, bitsPerSecond] = [samples[name], bits[name]];
    return samplesPerSecond === null || bitsPerSecond === null ? null : { samplesPerSecond, bitsPerSecond };
  };
  return {
    summedOverRanks: rate('summed_over_ranks'),
    bySlowestRank: rate('by_slowest_rank'),
    byWallClock: rate('by_wall_clock'),
  };
}

/** The same field in a thousand ranks is one thing not understood. */
function unknownFields(ranks: readonly NormalisedRank[]): string[] {
  const counted = new Map<string, { sentence: string; ranks: number }>();
  for (const { notUnderstood } of ranks) {
    for (const sentence of notUnderstood) {
      const [field = ''] = sentence.split(':');
      counted.set(field, {
        sentence: counted.get(field)?.sentence ?? sentence,
        ranks: (counted.get(field)?.ranks ?? 0) + 1,
      });
    }
  }
  return [...counted.values()].map(({ sentence, ranks: count }) =>
    count === 1 ? sentence : `${sentence} (in ${count} ranks)`,
  );
}
