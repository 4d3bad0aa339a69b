/** Runs of a stage: started, read, and held against what its functions have logged. */
import { expectThat, type Rehearsal } from './rehearsal.ts';

export const STAGE = 'dev';
export const RANK = `cosmicai-inference-${STAGE}-inference`;
const AT = `--target aws --stage ${STAGE}`;

interface RunJson {
  readonly status: string;
  readonly cause?: string;
  readonly summary: {
    readonly run_id: string;
    readonly status: string;
    readonly samples: number;
    readonly result_path: string;
    readonly failed_ranks: readonly { readonly rank: number; readonly error?: string }[];
    readonly prediction_scores: unknown;
    readonly model?: unknown;
  } | null;
}

export interface RunSeen {
  readonly json: RunJson;
  readonly stderr: string;
  readonly execution: string;
  /** Errors of the invocations of ranks, '' for each that had none. */
  readonly attempts: readonly string[];
  /** Their REPORT lines. */
  readonly reports: readonly string[];
}

/** Types a run into a folder of results, and holds what it cost against the log of the ranks' function. */
export async function run(
  rehearsal: Rehearsal,
  results: string,
  { options = '', exits = 0 }: { options?: string; exits?: number } = {},
): Promise<RunSeen> {
  const data = '--data partitions --world-size 2';
  return await seen(rehearsal, `cosmicai run ${AT} ${data} --results ${results} ${options}`.trim(), exits);
}

/** Runs the failed ranks again: the command that the failed run printed. */
export async function onlyFailed(rehearsal: Rehearsal, { execution }: RunSeen): Promise<RunSeen> {
  const again = await seen(rehearsal, `cosmicai run ${AT} --only-failed ${execution}`, 0);
  expectThat(again.json.summary?.status === 'SUCCEEDED', () => `Going on ended so: ${JSON.stringify(again.json)}`);
  return again;
}

async function seen(rehearsal: Rehearsal, command: string, exits: number): Promise<RunSeen> {
  const before = new Set(await rehearsal.reportsOf(RANK));
  const { stdout, stderr } = await rehearsal.typed(`${command} --json`, exits);
  const reports = (await rehearsal.reportsOf(RANK)).filter((line) => !before.has(line));
  const attempts = reports.map((line) => /Error Type: (\S+)/.exec(line)?.[1] ?? '');
  const execution = /(?:Execution|Redriving|execution) arn:\S+:(\S+)/.exec(stderr)?.[1] ?? '';
  const json = JSON.parse(stdout) as RunJson;
  return { json, stderr, execution, attempts, reports };
}

/** What a run cost counts each attempt of its ranks: those that failed, too, and those that went on when the Map had failed. */
export async function costCounts(rehearsal: Rehearsal, { json, attempts }: RunSeen): Promise<void> {
  const { summary } = json;
  expectThat(summary !== null, () => `There is no summary: ${JSON.stringify(json)}`);
  const address = `s3://${rehearsal.bucketOf(STAGE)}/${summary.result_path}/runs/${summary.run_id}`;
  const { stdout } = await rehearsal.typed(`cosmicai report ${address} --json`);
  const { cost } = JSON.parse(stdout) as {
    cost: { usd: number; items: readonly { item: string; quantity: number }[] };
  };
  const counted = cost.items.find(({ item }) => item === `${RANK} requests`)?.quantity ?? 0;
  expectThat(
    counted === attempts.length && cost.usd > 0,
    () => `${attempts.length} attempts of ranks were made, ${String(counted)} counted: ${JSON.stringify(cost)}`,
  );
}
