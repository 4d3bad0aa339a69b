import {
  isRankReference,
  ranksOf,
  runLayout,
  type Json,
  type JsonObject,
  type Manifest,
  type RankAnswer,
  type RankResult,
} from '@cosmicai/payload';
import type { FinishedChild } from '../map/run-distributed-map.ts';
import { isObject } from './planned-input.ts';

export interface KeptRanks {
  /** The Map of the ranks. */
  readonly map: JsonObject;
  readonly manifest: Manifest;
  /** Results of ranks of which all is there. */
  readonly whole: ReadonlyMap<number, RankResult>;
  /** What the Map gives to the child of a rank. */
  readonly inputOf: (rank: number) => Json | undefined;
}

/** Children that needn't run: those of whole ranks, known to the events or not, and those that had nothing to do. */
export function finishedChildren(
  known: ReadonlyMap<number, FinishedChild> = new Map(),
  { map, manifest, whole, inputOf }: KeptRanks,
): Map<number, FinishedChild> {
  const idle = new Set(manifest.filter(({ DATA_PATH }) => DATA_PATH.length === 0).map(({ RANK }) => RANK));
  const kept = new Map(
    [...known].filter(([, { input }]) => {
      const ranks = ranksOf(input);
      return ranks.length === 0 || ranks.every((rank) => whole.has(rank) || idle.has(rank));
    }),
  );
  // What a Map makes of its items before a child gets them is its own affair.
  if (!isObject(map.ItemReader) || map.ItemBatcher !== undefined || map.ItemSelector !== undefined) return kept;
  for (const [index, task] of manifest.entries()) {
    const result = whole.get(task.RANK);
    const input = inputOf(task.RANK);
    if (result === undefined || input === undefined) continue;
    const before = kept.get(index);
    kept.set(index, before === undefined ? childOf(result, input, task) : { ...before, input });
  }
  return kept;
}

/** Finished children with the references of a manifest that was written anew: the same tasks lie elsewhere in it. */
export function withReferences(
  finished: ReadonlyMap<string, ReadonlyMap<number, FinishedChild>>,
  references: ReadonlyMap<number, Json>,
): Map<string, ReadonlyMap<number, FinishedChild>> {
  const moved = (child: FinishedChild): FinishedChild => {
    const [rank, ...others] = isRankReference(child.input) ? ranksOf(child.input) : [];
    const input = rank === undefined || others.length > 0 ? undefined : references.get(rank);
    return input === undefined ? child : { ...child, input };
  };
  return new Map(
    [...finished].map(([name, children]) => [
      name,
      new Map([...children].map(([index, child]) => [index, moved(child)])),
    ]),
  );
}

function childOf(
  result: RankResult,
  input: Json,
  { S3_BUCKET: bucket, RUN_ID, RANK }: Manifest[number],
): FinishedChild {
  const startedAt = Date.parse(result.started_at);
  const layout = runLayout(result.result_path, RUN_ID);
  return {
    name: `found-${RANK}`,
    input,
    output: {
      statusCode: 200,
      run_id: result.run_id,
      rank: RANK,
      bucket,
      result_key: layout.rankResult(RANK),
      result_path: result.result_path,
      status: 'succeeded',
      samples: result.samples,
    } satisfies RankAnswer,
    startedAt,
    stoppedAt: startedAt + result.timing.total * 1000,
  };
}
