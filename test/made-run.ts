import { runLayout, withFormat, type RankResult } from '../packages/payload/src/index.ts';
import { statementOf } from '../packages/runs/src/index.ts';
import { sealedText, sha256Of, type ObjectStore } from '../packages/store/src/index.ts';
import { rankResult } from './rank-results.ts';
import { summary as plainSummary } from './run-summary.ts';

export const RUN_ID = '20260304T050607Z-01234567';
export const MODEL = 'ab'.repeat(32);

/** A rank as it is to have been: what it read, and its file of predictions, by which it failed where there is none. */
export interface MadeRank {
  readonly partitions: readonly { readonly key: string; readonly samples: number }[];
  /** Undefined: the rank failed. */
  readonly predictions: Uint8Array | (() => Uint8Array) | undefined;
  /** What its result is to say besides. */
  readonly result?: Partial<RankResult>;
}

/** Writes the folder of a run as Initialize, ranks and Summarize leave it, below `results`. */
export async function makeRun(store: ObjectStore, ranks: readonly MadeRank[], runId = RUN_ID): Promise<void> {
  const layout = runLayout('results', runId);
  const objects: { key: string; size: number; sha256: string }[] = [];
  const put = async (key: string, value: object) => {
    const text = `${JSON.stringify(value)}\n`;
    await store.put(key, text);
    objects.push({ key: key.slice(layout.folder.length + 1), size: text.length, sha256: sha256Of(text) });
  };
  const samples = (rank: MadeRank) => rank.partitions.reduce((sum, each) => sum + each.samples, 0);
  const done = ranks.filter(({ predictions }) => predictions !== undefined);
  await put(layout.run, recordOf(ranks, runId));
  await put(
    layout.manifest,
    ranks.map((rank, at) => taskOf(rank, at, ranks.length, runId)),
  );
  for (const [rank, made] of ranks.entries()) {
    const { predictions, partitions, result } = made;
    if (predictions === undefined) continue;
    const bytes = typeof predictions === 'function' ? predictions() : predictions;
    const key = layout.rankPredictions(rank);
    const { etag, size } = await store.put(key, bytes);
    await put(
      layout.rankResult(rank),
      rankResult(rank, {
        run_id: runId,
        world_size: ranks.length,
        samples: samples(made),
        data_path: partitions.map((partition) => partition.key),
        partitions: partitions.map((partition) => ({
          ...partition,
          ...{ size: 100, etag: 'e', index_range: [0, partition.samples] as [number, number] },
        })),
        predictions_key: key,
        predictions_file: { key, size, etag, sha256: sha256Of(bytes), rows: samples(made) },
        model_sha256: MODEL,
        ...result,
      }),
    );
  }
  const galaxies = done.reduce((sum, rank) => sum + samples(rank), 0);
  await put(layout.summary, { ...plainSummary, run_id: runId, samples: galaxies });
  const counted = {
    galaxies,
    galaxies_planned: galaxies,
    partitions: { planned: ranks.length, predicted: done.length },
    models: [MODEL],
    files: { checked: done.length, unchanged: done.length },
    problems: [],
  };
  const proof = { statement: statementOf(counted), ...counted };
  await store.put(layout.proof, sealedText({ run_id: runId, proof, objects }));
}

function recordOf(ranks: readonly MadeRank[], runId: string): object {
  return withFormat({
    run: {
      run_id: runId,
      bucket: 'galaxies',
      result_path: 'results',
      manifest_key: `results/runs/${runId}/manifest.json`,
      map_prefix: `results/runs/${runId}/map`,
      world_size: ranks.length,
      ranks_with_data: ranks.length,
      max_concurrency: 10,
      tolerated_failure_percentage: 100,
      fmi_enabled: false,
      rendezvous_endpoint: null,
    },
    created_at: '2026-03-04T05:06:07.000Z',
    payload: { bucket: 'galaxies' },
    warnings: [],
    partitions: { files: ranks.length, bytes: 100 },
  });
}

function taskOf({ partitions }: MadeRank, rank: number, ranks: number, runId: string): object {
  return {
    S3_BUCKET: 'galaxies',
    WORLD_SIZE: String(ranks),
    RANK: String(rank),
    DATA_BUCKET: 'galaxies',
    DATA_PATH: partitions.map(({ key }) => key),
    DATA_OBJECTS: partitions.map(() => ({ size: 100, etag: 'e' })),
    RESULT_PATH: 'results',
    BATCH_SIZE: 4,
    RUN_ID: runId,
  };
}
