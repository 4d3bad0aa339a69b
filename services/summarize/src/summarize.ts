import { decodePredictions } from '@cosmicai/inference';
import { qualityFailure, QualityLedger } from '@cosmicai/metrics';
import {
  DEFAULT_MAX_FLAGGED,
  manifestSchema,
  parseJsonAs,
  runLayout,
  runRecordSchema,
  withFormat,
  type RankFailure,
  type RankResult,
  type RunSummary,
} from '@cosmicai/payload';
import { requestsSince, requestsSoFar, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { z } from 'zod';
import { locateRun } from './locate-run.ts';
import { mapFailures } from './map-failures.ts';
import { meetingWarnings } from './meeting-warnings.ts';
import { findDuplicates } from './duplicates.ts';
import { collectRank } from './rank-results.ts';
import { runSummary } from './run-summary.ts';
import { warningsOfRanks } from './warnings-of-ranks.ts';

/** Reads at once: enough to hide the store's latency, few enough for a small function's memory. */
const CONCURRENT_READS = 32;

export interface SummarizeEnvironment {
  readonly openStore: (address: string) => ObjectStore;
  readonly now: () => Date;
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
 * Combines the ranks of a run. Every rank of the manifest must have left a result of this very run; those that didn't are
 * listed as failed, and with more of them than tolerated the run has failed and its combined data is not published.
 */
export async function summarize(input: unknown, environment: SummarizeEnvironment): Promise<SummarizeAnswer> {
  const requestsBefore = requestsSoFar();
  const { bucket, resultPath, runId } = locateRun(input);
  const layout = runLayout(resultPath, runId);
  const store = environment.openStore(bucket);
  const read = async (key: string) => (await store.get(key)).toString();
  const record = parseJsonAs(runRecordSchema, await read(layout.run), layout.run);
  const manifest = parseJsonAs(manifestSchema, await read(layout.manifest), layout.manifest);

  const withData = manifest.filter((task) => task.DATA_PATH.length > 0);
  const collected = await pMap(withData, (task) => collectRank(store, task), { concurrency: CONCURRENT_READS });
  const results = collected.flatMap((rank) => ('result' in rank ? [rank.result] : []));
  const reasons = results.length === withData.length ? new Map<number, never>() : await mapFailures(store, layout.map);
  const caught = caughtError(input);
  const failures = collected.flatMap((rank): RankFailure[] => {
    if ('result' in rank) return [];
    const { RANK, DATA_PATH } = rank.task;
    const reason = reasons.get(RANK) ?? caught ?? { error: 'NoResult', cause: rank.missing };
    return [{ rank: RANK, data_path: DATA_PATH, ...reason }];
  });

  const meeting = await meetingWarnings(store, record.run, results);
  const repeats = await findDuplicates(store, layout, results);
  const summary = runSummary({
    record: { ...record, warnings: [...record.warnings, ...meeting, ...warningsOfRanks(results), ...repeats.warnings] },
    manifest,
    results,
    failures,
    repeats,
    scores: (await scores(store, results)).finish(),
    finishedAt: environment.now(),
    predictionsPrefix: `${layout.predictions}/`,
    region: environment.region,
  });
  const failed = summary.status === 'FAILED';
  const failure = failed ? failureOf(summary, record.run.max_flagged) : null;
  const counted = requestsSince(requestsBefore);
  // With those that are still to come: the ranks' results once or twice, the summary twice, and the deletion of the key.
  const requests = { ...counted, puts: counted.puts + (failed ? 3 : 4), deletes: counted.deletes + 1 };
  const combinedText = `${JSON.stringify(results, null, 1)}\n`;
  const summaryText = `${JSON.stringify(withFormat({ ...summary, store_requests: requests }), null, 1)}\n`;
  await store.put(layout.combined, combinedText);
  if (!failed) await store.put(layout.published.combined, combinedText);
  await store.put(layout.summary, summaryText);
  await store.put(layout.published.summary, summaryText);
  await store.delete(layout.rendezvousKey);
  return {
    statusCode: 200,
    body: JSON.stringify(failure?.cause ?? `Combined data uploaded to ${layout.published.combined}`),
    run_id: runId,
    status: summary.status,
    summary_key: layout.summary,
    error_name: failure?.error ?? null,
    cause: failure?.cause ?? null,
  };
}

/** Accuracy over the predictions of all ranks, from the files they left. */
async function scores(store: ObjectStore, results: readonly RankResult[]): Promise<QualityLedger> {
  const ledger = new QualityLedger();
  await pMap(
    results,
    async (result) => {
      for (const row of await decodePredictions(await store.get(result.predictions_key)))
        ledger.add(row.z_spec, row.z_pred, row.flags);
    },
    { concurrency: CONCURRENT_READS },
  );
  return ledger;
}

/** Of what stopped the whole run: the rank that did has the rest. */
const LONGEST_CAUSE = 300;

const caughtSchema = z.object({ error: z.object({ Error: z.string(), Cause: z.string() }) });

/** The error that the state machine caught at the Map, which is why ranks without an error of their own have no result. */
function caughtError(input: unknown): Pick<RankFailure, 'error' | 'cause'> | undefined {
  const { data } = caughtSchema.safeParse(input);
  return (
    data && {
      error: data.error.Error,
      cause: `the run was stopped before this rank was done: ${data.error.Cause.split('\n', 1)[0]!.slice(0, LONGEST_CAUSE)}`,
    }
  );
}

/** Ranks that failed come first: of a run without them it is the quality that failed. */
function failureOf(summary: RunSummary, maxFlagged = DEFAULT_MAX_FLAGGED): { error: string; cause: string } {
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
