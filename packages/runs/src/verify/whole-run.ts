import {
  listed,
  parseJsonAs,
  runSummarySchema,
  UserInputError,
  type RankResult,
  type RunProof,
  type RunRecord,
  type RunSummary,
} from '@cosmicai/payload';
import { getIfThere, NotFoundError, readableAddress, type ObjectStore } from '@cosmicai/store';
import { layoutOf, openPlace, type RunPlace } from '../place/run-place.ts';
import { readPlan, type Plan } from '../plan/read-plan.ts';
import { provenRank, proveRun } from '../proof/prove-run.ts';
import { ranksInStore } from '../resume/whole-ranks.ts';
import { verifyFolder } from './verify-folder.ts';

/** A run of which each rank's predictions are known to be what the rank wrote. */
export interface WholeRun {
  readonly record: RunRecord;
  /** By rank, of those whose predictions are there. */
  readonly results: readonly RankResult[];
  /** Why the others' are not, by rank; of a run that is whole, none. */
  readonly missing: ReadonlyMap<number, string>;
  readonly proof: RunProof;
  /** Null: the run came to no summary. */
  readonly status: RunSummary['status'] | null;
}

/**
 * Reads what a run predicted as `verify` does, without what it read: plan, results and predictions are what proof.json and the
 * ranks took down of them, each partition was predicted once, and by one model.
 *
 * @param partial take a run that isn't whole: the ranks that failed are told as `missing`
 * @throws UserInputError naming the ranks that failed, or what was damaged since
 */
export async function readWholeRun(place: RunPlace, { partial = false } = {}): Promise<WholeRun> {
  const store = openPlace(place);
  const layout = layoutOf(place);
  const where = readableAddress(store.url, layout.folder);
  const { record, manifest } = await planOf(store, place, where);
  const folder = await verifyFolder(store, layout);
  const changed = new Map(folder.findings.map(({ what, problem }) => [what, problem]));
  for (const key of [layout.proof, layout.run, layout.manifest, layout.items]) {
    const problem = changed.get(key);
    // A run that came to no proof is one that isn't whole, and may be taken as that.
    if (problem !== undefined && (key !== layout.proof || (await store.head(key)) !== undefined))
      throw new UserInputError(`${readableAddress(store.url, key)} ${problem}. cosmicai verify ${where} says more.`);
  }
  const status = await statusOf(store, layout.summary);
  const ranks = await ranksInStore(store, manifest);
  const missing = new Map([...ranks.missing].map(([rank, { cause }]) => [rank, cause]));
  for (const rank of ranks.whole.keys()) {
    const problem = changed.get(layout.rankResult(rank));
    if (problem !== undefined) missing.set(rank, `${layout.rankResult(rank)} ${problem}`);
  }
  const results = [...ranks.whole.values()].filter(({ rank }) => !missing.has(rank)).sort((a, b) => a.rank - b.rank);
  const proof = proveRun({ manifest, results: results.map(provenRank) });
  if (proof.problems.length > 0)
    throw new UserInputError(`Run ${place.runId} is not whole: ${proof.problems.join(' ')} Start a new run.`);
  if (!partial) refuseMissing(place.runId, missing, status);
  return { record, results, missing, proof, status };
}

async function planOf(store: ObjectStore, place: RunPlace, where: string): Promise<Plan> {
  try {
    return await readPlan(store, place);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    throw new UserInputError(`There is no run ${place.runId} in ${where}: it has no ${error.key.split('/').at(-1)}.`, {
      cause: error,
    });
  }
}

async function statusOf(store: ObjectStore, key: string): Promise<RunSummary['status'] | null> {
  const text = await getIfThere(store, key);
  return text === undefined ? null : parseJsonAs(runSummarySchema, text.toString(), key).status;
}

function refuseMissing(runId: string, missing: ReadonlyMap<number, string>, status: RunSummary['status'] | null): void {
  const instead = 'Run them again (cosmicai verify says how), or give --partial to go without their galaxies';
  if (missing.size > 0) {
    const ranks = [...missing].sort(([a], [b]) => a - b).map(([rank, cause]) => `rank ${rank}: ${cause}`);
    throw new UserInputError(
      `Run ${runId} is not whole: ${missing.size} ${missing.size === 1 ? 'rank has' : 'ranks have'} no predictions. ${instead}.\n${listed(ranks, '  ')}`,
    );
  }
  if (status === null)
    throw new UserInputError(
      `Run ${runId} came to no summary: it is under way, or was stopped. Wait for it, or give --partial to take what its ranks have left.`,
    );
}
