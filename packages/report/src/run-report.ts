import { costSchema, pricesSchema } from '@cosmicai/metrics';
import { flaggedSchema, linkCountsSchema, predictionScoresSchema, redshiftHistogramSchema } from '@cosmicai/payload';
import { cutoutSchema, predictionsSchema } from '@cosmicai/runs/gather';
import { z } from 'zod';

const finite = z.number();
const maybe = finite.nullable();
const count = z.number().int().nonnegative();
const rate = z.object({ samplesPerSecond: finite, bitsPerSecond: finite }).nullable();

/** What a rank spends its time on, in the order in which it happens; after a failed attempt it waits again. */
export const PHASES = [
  'queue',
  'failed attempt',
  'cold start',
  'model load',
  'download',
  'inference',
  'upload',
  'barrier',
] as const;
export type Phase = (typeof PHASES)[number];

export const rankRowSchema = z.object({
  /** Null where the results don't tell. */
  rank: count.nullable(),
  samples: maybe,
  seconds: maybe,
  initSeconds: maybe,
  memoryMb: maybe,
  memoryLimitMb: maybe,
  samplesPerSecond: maybe,
  bitsPerSecond: maybe,
  usd: maybe,
  /** What people know the row by: its rank, partitions or record. */
  label: z.string(),
  /** Everything that a profiler saw allocated, summed: not memory in use. */
  allocatedMb: maybe,
});

export const rankTimelineSchema = z.object({
  rank: count,
  status: z.enum(['succeeded', 'failed']),
  /** Seconds from the start of the run. */
  phases: z.array(z.object({ phase: z.enum(PHASES), start: finite, end: finite })),
});
export type RankTimeline = z.output<typeof rankTimelineSchema>;

export const STATE_STATUSES = ['succeeded', 'failed', 'caught', 'running', 'not entered'] as const;

export const machineSchema = z.object({
  /** In the order of the definition; times in seconds from the start of the run. */
  states: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      status: z.enum(STATE_STATUSES),
      start: maybe,
      end: maybe,
      retries: count,
    }),
  ),
  transitions: z.array(z.object({ from: z.string(), to: z.string(), kind: z.enum(['next', 'choice', 'catch']) })),
});
export type MachineHistory = z.output<typeof machineSchema>;

const setting = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const expected = z.object({ median: finite, low: finite, high: finite });

/** A choice of `cosmicai tune`: seconds and USD. */
const tunePointSchema = z.object({
  worldSize: count,
  filesPerRank: count,
  memoryMb: count,
  architecture: z.enum(['x86_64', 'arm64']),
  childType: z.enum(['STANDARD', 'EXPRESS']),
  maxConcurrency: count,
  precision: z.enum(['fp32', 'int8', 'measured']),
  seconds: expected,
  costUsd: expected,
  coldStarts: finite,
});

/** Everything the report of one run shows: plain data, nothing is fetched while it is drawn. */
export const runReportSchema = z.object({
  title: z.string(),
  runId: z.string().nullable(),
  status: z.string(),
  /** ISO 8601. */
  startedAt: z.string().nullable(),
  generatedAt: z.string(),
  wallClockSeconds: maybe,
  samples: count,
  bits: finite,
  scores: predictionScoresSchema.nullable(),
  /** Galaxies with flags, and the accuracy without them; null where the results tell nothing of it. */
  flagged: flaggedSchema.nullable(),
  unflaggedScores: predictionScoresSchema.nullable(),
  /** Galaxies without a true redshift, and N(z) of the predictions of all; absent where all have one. */
  withoutTruth: count.optional(),
  /** Galaxies whose model answers something else than a redshift, and of classes how many are of each. */
  withoutRedshift: count.optional(),
  classCounts: z.record(z.string(), count).optional(),
  redshiftHistogram: redshiftHistogramSchema.optional(),
  ranks: z.array(rankRowSchema),
  failedRanks: z.array(z.object({ rank: count, error: z.string() })),
  rates: z.object({ summedOverRanks: rate, bySlowestRank: rate, byWallClock: rate }),
  timeline: z.array(rankTimelineSchema),
  /** How the ranks met over FMI; null when they didn't. */
  meeting: z
    .object({
      ranks: count,
      links: linkCountsSchema,
      slowestLinkSeconds: finite,
      /** Between the first rank's arrival and the last one's. */
      firstToLastSeconds: finite,
      longestWaitSeconds: finite,
    })
    .nullable(),
  machine: machineSchema.nullable(),
  predictions: predictionsSchema.nullable(),
  cutouts: z.array(cutoutSchema),
  cost: costSchema.pick({ usd: true, items: true }).nullable(),
  /** Why there is no cost, or what it leaves out. */
  costNote: z.string().nullable(),
  prices: pricesSchema.nullable(),
  /** What the quote was based on; null: there is none. */
  quoteBasis: z.string().nullable(),
  /** What else could be chosen for the same partitions on AWS, the fastest first; null where the ranks don't tell enough. */
  frontier: z
    .object({
      points: z.array(tunePointSchema),
      basis: z.string(),
      /** What this run took; null where its bill isn't known. */
      own: z.object({ seconds: finite, usd: finite }).nullable(),
    })
    .nullable()
    .default(null),
  reconciliation: z.array(
    z.object({
      what: z.string(),
      unit: z.string(),
      quoted: finite,
      low: finite,
      high: finite,
      actual: finite,
      deviation: maybe,
      withinRange: z.boolean(),
    }),
  ),
  model: z.object({
    name: z.string().nullable(),
    sha256: z.array(z.string()),
    /** A sentence for each model that calculates in integers. */
    arithmetic: z.array(z.string()).default([]),
  }),
  configuration: z.record(z.string(), setting),
  versions: z.record(z.string(), z.string()),
  warnings: z.array(z.string()),
  notChecked: z.array(z.string()),
  /** What the run proves, as a sentence; null where it kept no proof. */
  proof: z.string().nullable().default(null),
  notUnderstood: z.array(z.string()),
});
export type RunReport = z.output<typeof runReportSchema>;
