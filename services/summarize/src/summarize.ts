import { encodeReduction, qualityFailure, Reduction, type LedgerScores } from '@cosmicai/metrics';
import {
  DEFAULT_MAX_FLAGGED,
  listed,
  MOST_RANKS_PUBLISHED,
  withFormat,
  type RankFailure,
  type RankTask,
  type RunLayout,
  type RunProof,
  type RunSummary,
} from '@cosmicai/payload';
import { checkReferences, layoutOf, proveRun, publishRun, readPlan } from '@cosmicai/runs';
import { requestsSince, requestsSoFar, type ObjectStore } from '@cosmicai/store';
import { z } from 'zod';
import { locateRun } from './locate-run.ts';
import { mapFailures } from './map-failures.ts';
import { meetingWarnings } from './meeting-warnings.ts';
import { findDuplicates, NAMES } from './duplicates.ts';
import { collectRanks, type CollectedRank } from './collect-ranks.ts';
import { CombinedData } from './combined-data.ts';
import { knownObject, proofText, type KnownObject } from './proof-file.ts';
import { RanksTold } from './ranks-told.ts';
import { runSummary } from './run-summary.ts';

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
 * predictions that are still what it wrote, of which only what the rank reduced them to is read; those that didn't are listed as failed. With more of them than tolerated, or
 * when the rest is not whole, the run has failed and nothing of it is published.
 *
 * @throws PublishingError when another run doesn't come to an end at the same result_path
 */
export async function summarize(input: unknown, environment: SummarizeEnvironment): Promise<SummarizeAnswer> {
  const requestsBefore = requestsSoFar();
  const place = locateRun(input);
  const layout = layoutOf(place);
  const store = environment.openStore(place.bucket);
  const { record, manifest } = await readPlan(store, place);
  await checkReferences(store, layout, record);

  const withData = manifest.filter((task) => task.DATA_PATH.length > 0);
  const {
    scores,
    reduced,
    told,
    left,
    missing,
    combined,
    texts,
    requests: ofCombined,
  } = await collect(store, layout, withData);
  const reasons = missing.length === 0 ? new Map<number, never>() : await mapFailures(store, layout.map);
  const caught = caughtError(input);
  const failures = missing.map(({ task: { RANK, DATA_PATH }, missing: problem }): RankFailure => {
    // Whoever left a result has no other error.
    const why = problem.error === 'NoResult' ? (reasons.get(RANK) ?? caught) : undefined;
    return { rank: RANK, data_path: DATA_PATH, ...(why ?? problem) };
  });
  const damaged = missing.filter(({ missing: { error } }) => error === 'PredictionsDamaged').length;
  const proof = proveRun({ manifest, results: told.proven, changedFiles: damaged });

  const meeting = await meetingWarnings(store, record.run, told.ranks);
  const repeats = await findDuplicates(store, layout, told.ranks);
  // Galaxies needn't have names; where none has, nothing is looked for.
  const repeatedNames = await findDuplicates(store, layout, told.named.size === 0 ? [] : told.ranks, NAMES);
  const warnings = [
    ...[...record.warnings, ...meeting, ...told.warnings.merged()],
    ...[...repeats.warnings, ...repeatedNames.warnings],
  ];
  const summary = runSummary({
    record: { ...record, warnings },
    manifest,
    told,
    failures,
    repeats,
    repeatedNames,
    scores,
    proof,
    finishedAt: environment.now(),
    predictionsPrefix: `${layout.predictions}/`,
    region: environment.region,
  });
  const failed = summary.status === 'FAILED';
  const failure = failed ? failureOf(summary, proof, record.run.max_flagged) : null;
  await store.delete(layout.rendezvousKey);
  await store.put(layout.reduction, reduced);
  const counted = requestsSince(requestsBefore);
  // With those that are still to come: summary and proof; and of a run that is published its lease, its ranks, the combined data and
  // the summary again, with a listing of what is published there.
  const requests = failed
    ? { ...counted, puts: counted.puts + 2 }
    : {
        ...counted,
        gets: counted.gets + 1,
        puts: counted.puts + 4 + texts.length + ofCombined,
        lists: counted.lists + 1,
        deletes: counted.deletes + 1,
      };
  const summaryText = `${JSON.stringify(withFormat({ ...summary, store_requests: requests }), null, 1)}\n`;
  await store.put(layout.summary, summaryText);
  const known = [...left, combined, knownObject(layout.reduction, reduced), knownObject(layout.summary, summaryText)];
  await store.put(layout.proof, await proofText(store, layout, { runId: place.runId, proof, known }));
  if (!failed) {
    const content = () => store.stream(layout.combined);
    await publishRun(store, { place, ranks: texts, combined: content, summary: summaryText }, environment);
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

interface Collected {
  readonly scores: LedgerScores;
  /** The ranks' reductions as one, without residuals. */
  readonly reduced: Uint8Array;
  readonly told: RanksTold;
  /** The ranks' results as they lie there. */
  readonly left: readonly KnownObject[];
  readonly missing: readonly Extract<CollectedRank, { readonly missing: unknown }>[];
  readonly combined: KnownObject;
  /** Of the ranks, where so few are published one by one. */
  readonly texts: readonly { readonly rank: number; readonly text: string }[];
  /** That it took to write the combined data. */
  readonly requests: number;
}

/** Goes through the ranks once, in their order, and keeps a few numbers of each. */
async function collect(store: ObjectStore, layout: RunLayout, tasks: readonly RankTask[]): Promise<Collected> {
  const reduction = new Reduction();
  const told = new RanksTold();
  const left: KnownObject[] = [];
  const missing: Extract<CollectedRank, { readonly missing: unknown }>[] = [];
  const texts: { rank: number; text: string }[] = [];
  await using combined = new CombinedData(store, layout.combined);
  for await (const collected of collectRanks(store, tasks, reduction)) {
    if ('missing' in collected) {
      missing.push(collected);
      continue;
    }
    const { result, text } = collected;
    told.add(result);
    left.push(knownObject(layout.rankResult(result.rank), text));
    if (texts.length <= MOST_RANKS_PUBLISHED) texts.push({ rank: result.rank, text });
    await combined.add(result);
  }
  const before = requestsSoFar();
  const { key, size, sha256 } = await combined.finish();
  const { puts } = requestsSince(before);
  return {
    ...{ told, left, missing },
    scores: reduction.scores(),
    reduced: encodeReduction(reduction.kept(), { withValues: false }).head,
    combined: { key, size, sha256 },
    texts: texts.length > MOST_RANKS_PUBLISHED ? [] : texts,
    requests: puts,
  };
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
