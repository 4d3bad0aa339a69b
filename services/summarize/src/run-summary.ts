import {
  costOfRun,
  DEFAULT_REGION,
  pricedRegions,
  pricesOf,
  ratesOf,
  type Architecture,
  type Rate,
} from '@cosmicai/metrics';
import {
  rankFailureSchema,
  type Manifest,
  type PredictionScores,
  type RankFailure,
  type RankResult,
  type RunRecord,
  type RunSummary,
} from '@cosmicai/payload';

export interface SummaryInputs {
  readonly record: RunRecord;
  readonly manifest: Manifest;
  /** Results of the ranks that succeeded, in rank order. */
  readonly results: readonly RankResult[];
  readonly failures: readonly RankFailure[];
  readonly scores: PredictionScores;
  readonly finishedAt: Date;
  readonly predictionsPrefix: string;
  /** AWS region whose prices are used. */
  readonly region: string | undefined;
}

/** Composes `summary.json`. Every planned rank counts once: succeeded, without data, or failed. */
export function runSummary(inputs: SummaryInputs): RunSummary {
  const { record, manifest, results, failures } = inputs;
  const { run } = record;
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
    status: status(run.tolerated_failure_percentage, manifest.length, failures.length),
    bucket: run.bucket,
    result_path: run.result_path,
    created_at: record.created_at,
    finished_at: inputs.finishedAt.toISOString(),
    wall_clock_seconds: wallClockSeconds,
    world_size: manifest.length,
    batch_size: manifest[0]!.BATCH_SIZE,
    ranks: {
      planned: manifest.length,
      succeeded: results.length,
      without_data: manifest.filter((task) => task.DATA_PATH.length === 0).length,
      failed: failures.length,
      cold_starts: results.filter((result) => result.cold_start).length,
    },
    failed_ranks: failures.map((failure) => rankFailureSchema.parse(failure)),
    samples: results.reduce((sum, result) => sum + result.samples, 0),
    bits: results.reduce((sum, result) => sum + result.bits, 0),
    prediction_scores: inputs.scores,
    samples_per_second: ratesBy((rate) => rate.samplesPerSecond),
    bits_per_second: ratesBy((rate) => rate.bitsPerSecond),
    slowest_rank_seconds: results.reduce((slowest, result) => Math.max(slowest, result.timing.total), 0),
    peak_rss_mb: results.reduce((peak, result) => Math.max(peak, result.peak_rss_mb), 0),
    cost: ranksCost(results, inputs.region),
    predictions_prefix: inputs.predictionsPrefix,
    model_sha256: [...new Set(results.map((result) => result.model_sha256))].sort(),
    warnings: record.warnings,
  };
}

function status(toleratedPercentage: number, planned: number, failed: number): RunSummary['status'] {
  if (failed === 0) return 'SUCCEEDED';
  return (100 * failed) / planned <= toleratedPercentage ? 'SUCCEEDED_WITH_FAILED_RANKS' : 'FAILED';
}

function ranksCost(results: readonly RankResult[], region: string | undefined): RunSummary['cost'] {
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
