import { analyseBench, type BenchRun, performanceTable } from '@cosmicai/bench';
import { parseAs, parseJsonAs, runSummarySchema, UserInputError, withFormat, type RunSummary } from '@cosmicai/payload';
import { runFoldersBelow } from '@cosmicai/runs';
import { getIfThere, readableAddress, type ObjectStore } from '@cosmicai/store';
import pMap from 'p-map';
import { z } from 'zod';

const CONCURRENT_READS = 32;
/** Of the bootstrap intervals: the same runs give the same table. */
const SEED = 1;

const inputSchema = z.looseObject(
  {
    bucket: z.string({ error: 'a bucket' }).min(1, { error: 'a bucket' }),
    /** Folder below which runs are looked for; `result_path` is another name of it. */
    prefix: z.string({ error: 'a folder of the bucket' }).optional(),
    result_path: z.string({ error: 'a folder of the bucket' }).optional(),
  },
  { error: 'an object with bucket and prefix' },
);

export interface ResultSummaryAnswer {
  readonly statusCode: 200;
  readonly body: string;
  readonly runs: number;
  readonly table_key: string;
  readonly analysis_key: string;
}

/**
 * Combines several runs: reads every run's summary below a folder and writes performance_table.csv and
 * performance_analysis.json there, as `cosmicai bench` does for a sweep.
 */
export async function resultSummary(
  input: unknown,
  openStore: (address: string) => ObjectStore,
): Promise<ResultSummaryAnswer> {
  const { bucket, prefix, result_path: resultPath } = parseAs(inputSchema, input, 'input of resultSummary');
  const folder = (prefix ?? resultPath ?? '').replace(/^\/+|\/+$/g, '');
  const store = openStore(bucket);
  const inFolder = folder === '' ? '' : `${folder}/`;
  const keys = (await runFoldersBelow(store, inFolder)).map((run) => `${run}summary.json`);
  const read = await pMap(keys, (key) => summaryAt(store, key), { concurrency: CONCURRENT_READS });
  const summaries = read.filter((summary) => summary !== undefined);
  if (summaries.length === 0)
    throw new UserInputError(
      `There is no finished run below ${readableAddress(store.url, inFolder)}: no runs/<run_id>/summary.json.`,
    );
  const runs = benchRuns(summaries);
  const tableKey = `${inFolder}performance_table.csv`;
  const analysisKey = `${inFolder}performance_analysis.json`;
  await store.put(tableKey, performanceTable(runs));
  await store.put(analysisKey, `${JSON.stringify(withFormat(analyseBench(runs, SEED)), null, 1)}\n`);
  return {
    statusCode: 200,
    body: JSON.stringify(`${runs.length} runs combined in ${tableKey}`),
    runs: runs.length,
    table_key: tableKey,
    analysis_key: analysisKey,
  };
}

/** Undefined of a run that hasn't come to one. */
async function summaryAt(store: ObjectStore, key: string): Promise<RunSummary | undefined> {
  const summary = await getIfThere(store, key);
  return summary && parseJsonAs(runSummarySchema, summary.toString(), key);
}

/** Runs of the same configuration are repeats of each other, numbered by time. */
function benchRuns(summaries: readonly RunSummary[]): BenchRun[] {
  const repeats = new Map<string, number>();
  return summaries
    .toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1))
    .map((summary) => {
      const cell = `${summary.result_path} ${summary.world_size} ${summary.batch_size} ${summary.samples}`;
      const repeat = (repeats.get(cell) ?? 0) + 1;
      repeats.set(cell, repeat);
      const failed = summary.status === 'FAILED';
      return {
        world_size: summary.world_size,
        batch_size: summary.batch_size,
        data_size: summary.result_path,
        partition_size: null,
        repeat,
        start: summary.ranks.cold_starts > 0 ? 'cold' : 'warm',
        status: failed ? 'FAILED' : 'SUCCEEDED',
        samples: summary.samples,
        duration_seconds: summary.wall_clock_seconds,
        slowest_rank_seconds: summary.slowest_rank_seconds,
        memory_mb: summary.peak_rss_mb,
        cost_usd: summary.cost?.usd ?? null,
        throughput_rps: summary.samples_per_second.by_wall_clock,
        throughput_bps: summary.bits_per_second.by_wall_clock,
        run_id: summary.run_id,
        error: failed ? (summary.failed_ranks[0]?.cause ?? null) : null,
      };
    });
}
