import { decodePredictions } from '@cosmicai/inference';
import { qualityFailure, QualityLedger } from '@cosmicai/metrics';
import {
  DEFAULT_MAX_FLAGGED,
  listed,
  MOST_RANKS_PUBLISHED,
  withFormat,
  type RankFailure,
  type RankTask,
  type RunProof,
  type RunSummary,
} from '@cosmicai/payload';
import { layoutOf, proveRun, publishRun, readPlan, readPredictions, readRank, type RankLeft } from '@cosmicai/runs';
import { requestsSince, requestsSoFar, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { z } from 'zod';
import { locateRun } from './locate-run.ts';
import { mapFailures } from './map-failures.ts';
import { meetingWarnings } from './meeting-warnings.ts';
import { findDuplicates } from './duplicates.ts';
import { proofText } from './proof-file.ts';
import { runSummary } from './run-summary.ts';
import { warningsOfRanks } from './warnings-of-ranks.ts';

/** Reads at once: enough to hide the store's latency, few enough for a small function's memory. */
const CONCURRENT_READS = 32;

export interface SummarizeEnvironment {
  readonly openStore: (address: string) => ObjectStore;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** AWS region whose prices are used; undefined: the price book's default. */
  readonly region: string | undefined;
}

/** What Summarize answers to the state machine: upstream's two fields, then ours. */
export interface SummarizeAnswer {
  readonly statusCode: 200;
  /** A JSON string in a string, as existing callers expect it. */
  readonly body: string;
  readonly run_id: string;
  readonly status: RunSummary['status'];
  readonly summary_key: string;
  /** Why the run failed, naming ranks and files; null unless status is FAILED. */
  readonly error_name: string | null;
  readonly cause: string | null;
}

/**
 * Combines the ranks of a run and proves what it did. Every rank of the manifest must have left a result of this very run, and
 * predictions that are still what it wrote; those that didn't are listed as failed. With more of them than tolerated, or
 * when the rest is not whole, the run has failed and nothing of it is published.
 *
 * @throws PublishingError when another run doesn't come to an end at the same result_path
 */
export async function summarize(input: unknown, environment: SummarizeEnvironment): Promise<SummarizeAnswer> {
  const requestsBefore = requestsSoFar();
  const place = locateRun(input);
  const layout = layoutOf(place);
  const store = environment.openStore(place.bucket);
  const { record, manifest } = await readPlan(store, layout);

  const withData = manifest.filter((task) => task.DATA_PATH.length > 0);
  const ledger = new QualityLedger();
  const collected = await pMap(withData, (task) => collectRank(store, task, ledger), { concurrency: CONCURRENT_READS });
  const whole = collected.flatMap((rank) => ('result' in rank ? [rank] : []));
  const results = whole.map(({ result }) => result);
  const reasons = results.length === withData.length ? new Map<number, never>() : await mapFailures(store, layout.map);
  const caught = caughtError(input);
  const failures = collected.flatMap((rank): RankFailure[] => {
    if ('result' in rank) return [];
    const { RANK, DATA_PATH } = rank.task;
    // Whoever left a result has no other error.
    const why = rank.missing.error === 'NoResult' ? (reasons.get(RANK) ?? caught) : undefined;
    return [{ rank: RANK, data_path: DATA_PATH, ...(why ?? rank.missing) }];
  });
  const damaged = collected.filter((rank) => 'missing' in rank && rank.missing.error === 'PredictionsDamaged').length;
  const proof = proveRun({ manifest, results, changedFiles: damaged });

  const meeting = await meetingWarnings(store, record.run, results);
  const repeats = await findDuplicates(store, layout, results);
  const summary = runSummary({
    record: { ...record, warnings: [...record.warnings, ...meeting, ...warningsOfRanks(results), ...repeats.warnings] },
    manifest,
    results,
    failures,
    repeats,
    scores: ledger.finish(),
    proof,
    finishedAt: environment.now(),
    predictionsPrefix: `${layout.predictions}/`,
    region: environment.region,
  });
  const failed = summary.status === 'FAILED';
  const failure = failed ? failureOf(summary, proof, record.run.max_flagged) : null;
  await store.delete(layout.rendezvousKey);
  const published = results.length > MOST_RANKS_PUBLISHED ? 0 : results.length;
  const counted = requestsSince(requestsBefore);
  // With those that are still to come: combined data, summary and proof; and of a run that is published its lease, its ranks, and the
  // first two again, with a listing of what is published there.
  const requests = failed
    ? { ...counted, puts: counted.puts + 3 }
    : { ...counted, puts: counted.puts + 6 + published, lists: counted.lists + 1, deletes: counted.deletes + 1 };
  const combined = `${JSON.stringify(results, null, 1)}\n`;
  const summaryText = `${JSON.stringify(withFormat({ ...summary, store_requests: requests }), null, 1)}\n`;
  await store.put(layout.combined, combined);
  await store.put(layout.summary, summaryText);
  await store.put(
    layout.proof,
    await proofText(store, layout, { runId: place.runId, proof, ranks: whole, combined, summary: summaryText }),
  );
  if (!failed) {
    const ranks = whole.map(({ result, text }) => ({ rank: result.rank, text }));
    await publishRun(store, { place, ranks, combined, summary: summaryText }, environment);
  }
  return {
    statusCode: 200,
    body: JSON.stringify(failure?.cause ?? `Combined data uploaded to ${layout.published.combined}`),
    run_id: place.runId,
    status: summary.status,
    summary_key: layout.summary,
    error_name: failure?.error ?? null,
    cause: failure?.cause ?? null,
  };
}

/** Reads a rank's result and predictions, and adds these to the accuracy over all ranks when they are what the rank wrote. */
async function collectRank(store: ObjectStore, task: RankTask, ledger: QualityLedger): Promise<RankLeft> {
  const left = await readRank(store, task);
  if ('missing' in left) return left;
  const predictions = await readPredictions(store, left.result);
  if ('missing' in predictions) return { task, missing: predictions.missing };
  for (const row of await decodePredictions(predictions.bytes)) {
    if (row.z_pred === null) ledger.addOther(row.flags, row.class);
    else ledger.add(row.z_spec, row.z_pred, row.flags);
  }
  return left;
}

/** Of what stopped the whole run: the rank that did has the rest. */
const LONGEST_CAUSE = 300;

const caughtSchema = z.object({ error: z.object({ Error: z.string(), Cause: z.string() }) });

/** The error that the state machine caught at the Map, which is why ranks without an error of their own have no result. */
function caughtError(input: unknown): Pick<RankFailure, 'error' | 'cause'> | undefined {
  const { data } = caughtSchema.safeParse(input);
  if (data === undefined) return undefined;
  const [line = ''] = data.error.Cause.split('\n', 1);
  return {
    error: data.error.Error,
    cause: `the run was stopped before this rank was done: ${line.slice(0, LONGEST_CAUSE)}`,
  };
}

/** Ranks that failed come first; of a run without them it isn't whole for another reason, or it is the quality that failed. */
function failureOf(
  summary: RunSummary,
  { problems }: RunProof,
  maxFlagged = DEFAULT_MAX_FLAGGED,
): { error: string; cause: string } {
  if (summary.failed_ranks.length === 0 && problems.length > 0)
    return { error: 'RunNotWhole', cause: listed(problems) };
  const { flagged = { galaxies: 0, by_flag: {} }, samples } = summary;
  const poor = summary.failed_ranks.length > 0 ? undefined : qualityFailure({ flagged, samples }, maxFlagged);
  return poor ?? { error: 'RanksFailed', cause: causeOf(summary) };
}

/** Ranks named in the cause of a failed run; the rest is in summary.json. Step Functions allows 32,768 characters. */
const RANKS_NAMED = 20;

function causeOf(summary: RunSummary): string {
  const { failed_ranks: failures, ranks } = summary;
  const named = failures
    .slice(0, RANKS_NAMED)
    .map(
      (failure) =>
        `rank ${failure.rank} (${failure.data_path.join(', ').slice(0, 300)}): ${failure.error}: ${failure.cause.slice(0, 500)}`,
    );
  const more = failures.length > RANKS_NAMED ? [`and ${failures.length - RANKS_NAMED} more, see summary.json`] : [];
  return [`${ranks.failed} of ${ranks.planned} ranks failed.`, ...named, ...more].join('\n');
}
