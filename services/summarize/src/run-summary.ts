import {
  costOfRun,
  DEFAULT_REGION,
  pricedRegions,
  pricesOf,
  qualityFailure,
  ratesOf,
  type Architecture,
  type LedgerScores,
  type Rate,
} from '@cosmicai/metrics';
import {
  DEFAULT_MAX_FLAGGED,
  defined,
  itemAt,
  quantizedModels,
  type Manifest,
  type RankFailure,
  rankFailureSchema,
  type RunProof,
  type RunRecord,
  type RunSummary,
} from '@cosmicai/payload';
import type { DuplicateFindings } from './duplicates.ts';
import type { RanksTold, RankTold } from './ranks-told.ts';

export interface SummaryInputs {
  readonly record: RunRecord;
  readonly manifest: Manifest;
  /** By the ranks that succeeded, in rank order. */
  readonly told: RanksTold;
  readonly failures: readonly RankFailure[];
  /** Over the predictions of all ranks. */
  readonly scores: LedgerScores;
  readonly proof: RunProof;
  readonly repeats: DuplicateFindings;
  readonly repeatedNames: DuplicateFindings;
  readonly finishedAt: Date;
  readonly predictionsPrefix: string;
  /** AWS region whose prices are used. */
  readonly region: string | undefined;
}

/** Composes `summary.json`. Every planned rank counts once: succeeded, without data, or failed. */
export function runSummary(inputs: SummaryInputs): RunSummary {
  const { record, manifest, told, failures } = inputs;
  const { ranks: results, taken } = told;
  const { run } = record;
  const samples = results.reduce((sum, result) => sum + result.samples, 0);
  const quantized = quantizedModels(results);
  const { repeats, repeatedNames } = inputs;
  const notChecked = [...told.notChecked.merged(), ...repeats.notChecked, ...repeatedNames.notChecked];
  const { flagged, prediction_scores, prediction_scores_unflagged, ...others } = inputs.scores;
  const poor = qualityFailure({ flagged, samples }, run.max_flagged ?? DEFAULT_MAX_FLAGGED);
  const wallClockSeconds = Math.max(0, (inputs.finishedAt.getTime() - Date.parse(record.created_at)) / 1000);
  const rates = ratesOf(
    results.map((result) => ({ samples: result.samples, bits: result.bits, seconds: result.timing.total })),
    wallClockSeconds,
  );
  const ratesBy = (amount: (rate: Rate) => number) => ({
    summed_over_ranks: amount(rates.summedOverRanks),
    by_slowest_rank: rates.bySlowestRank && amount(rates.bySlowestRank),
    by_wall_clock: rates.byWallClock && amount(rates.byWallClock),
  });
  return {
    run_id: run.run_id,
    status:
      poor === undefined && inputs.proof.problems.length === 0
        ? status(run.tolerated_failure_percentage, manifest.length, failures.length)
        : 'FAILED',
    bucket: run.bucket,
    result_path: run.result_path,
    created_at: record.created_at,
    finished_at: inputs.finishedAt.toISOString(),
    wall_clock_seconds: wallClockSeconds,
    world_size: manifest.length,
    batch_size: itemAt(manifest, 0).BATCH_SIZE,
    ranks: {
      planned: manifest.length,
      succeeded: results.length,
      without_data: manifest.filter((task) => task.DATA_PATH.length === 0).length,
      failed: failures.length,
      cold_starts: results.filter((result) => result.cold_start).length,
    },
    failed_ranks: failures.map((failure) => rankFailureSchema.parse(failure)),
    samples,
    bits: results.reduce((sum, result) => sum + result.bits, 0),
    prediction_scores,
    samples_per_second: ratesBy((rate) => rate.samplesPerSecond),
    bits_per_second: ratesBy((rate) => rate.bitsPerSecond),
    slowest_rank_seconds: results.reduce((slowest, result) => Math.max(slowest, result.timing.total), 0),
    peak_rss_mb: results.reduce((peak, result) => Math.max(peak, result.peak_rss_mb), 0),
    cost: ranksCost(results, inputs.region),
    predictions_prefix: inputs.predictionsPrefix,
    model_sha256: [...new Set(results.map((result) => result.model_sha256))].sort(),
    warnings: [
      ...record.warnings,
      ...(poor === undefined ? [] : [poor.cause]),
      ...inputs.proof.problems,
      ...(samples === 0 && failures.length === 0 ? ['There are no galaxies in any partition.'] : []),
    ],
    flagged,
    prediction_scores_unflagged,
    ...others,
    ...(taken.length > 0 && { columns_taken: [...taken] }),
    ...(notChecked.length > 0 && { not_checked: notChecked }),
    ...defined({ duplicates: repeats.duplicates, repeated_names: repeatedNames.duplicates }),
    proof: inputs.proof,
    ...(quantized.length > 0 && { quantized_models: quantized }),
  };
}

function status(toleratedPercentage: number, planned: number, failed: number): RunSummary['status'] {
  if (failed === 0) return 'SUCCEEDED';
  return (100 * failed) / planned <= toleratedPercentage ? 'SUCCEEDED_WITH_FAILED_RANKS' : 'FAILED';
}

function ranksCost(results: readonly RankTold[], region: string | undefined): RunSummary['cost'] {
  const lambda = results.flatMap(({ memory_limit_mb: memoryMb, architecture, timing }) => {
    if (memoryMb === null || !isArchitecture(architecture)) return [];
    return [
      { name: 'inference', architecture, memoryMb, ephemeralStorageMb: 0, requests: 1, billedSeconds: timing.total },
    ];
  });
  if (lambda.length < results.length || lambda.length === 0) return null;
  const cost = costOfRun({ lambda: merged(lambda) }, pricesOf(priced(region)));
  return {
    usd: cost.usd,
    region: cost.region,
    prices_date: cost.pricesDate,
    items: cost.items.map(({ item, quantity, unit, usd }) => ({ item, quantity, unit, usd })),
  };
}

/** The region's prices where the book has them; `cost.region` says whose they are. */
function priced(region: string | undefined): string {
  return region !== undefined && pricedRegions().includes(region) ? region : DEFAULT_REGION;
}

type Usage = Parameters<typeof costOfRun>[0]['lambda'][number];

/** One line of the bill for ranks of the same memory and architecture. */
function merged(usages: readonly Usage[]): Usage[] {
  const lines = new Map<string, Usage>();
  for (const usage of usages) {
    const key = `${usage.architecture} ${usage.memoryMb}`;
    const line = lines.get(key);
    lines.set(
      key,
      line === undefined
        ? usage
        : {
            ...usage,
            requests: line.requests + usage.requests,
            billedSeconds: line.billedSeconds + usage.billedSeconds,
          },
    );
  }
  return [...lines.values()];
}

function isArchitecture(name: string): name is Architecture {
  return name === 'x86_64' || name === 'arm64';
}
