/**
 * What holds for every run, whatever was done to it. Each check answers with what is wrong, a sentence each; none is none.
 */
import { createHash } from 'node:crypto';
import { decodePredictions } from '../../packages/inference/src/index.ts';
import {
  parseJsonAs,
  rankResultSchema,
  runLayout,
  runSummarySchema,
  type RunSummary,
} from '../../packages/payload/src/index.ts';
import { listAll, type ObjectStore } from '../../packages/store/src/index.ts';

/** What a galaxy's prediction must be, in bits, by `<partition>#<index>`. */
export type Truth = ReadonlyMap<string, string>;

/** The bits of a prediction, and of the redshift it belongs to: no two galaxies of a survey share them. */
export function bitsOf({ z_spec, z_pred }: { readonly z_spec: number | null; readonly z_pred: number | null }): string {
  const bits = Buffer.alloc(16);
  bits.writeDoubleLE(z_spec ?? NaN, 0);
  bits.writeDoubleLE(z_pred ?? NaN, 8);
  return bits.toString('hex');
}

/** A galaxy's name in a Truth; of a partition's key the last part. */
export function galaxyName(partition: string, index: number): string {
  return `${partition.slice(partition.lastIndexOf('/') + 1)}#${index}`;
}

/**
 * Whether what is published at a result_path is one whole run: each galaxy predicted once and rightly, or named as missing, all
 * files of one run.
 */
export async function checkPublished(store: ObjectStore, resultPath: string, truth: Truth): Promise<string[]> {
  const { published } = runLayout(resultPath, '-');
  if ((await store.head(published.summary)) === undefined) return ['no summary.json is published'];
  const text = await textOf(store, published.summary);
  const summary = parseJsonAs(runSummarySchema, text, published.summary);
  return [
    ...(await checkFilesOfOneRun(store, resultPath, summary, text)),
    ...(await checkGalaxies(store, resultPath, summary, truth)),
  ];
}

async function checkFilesOfOneRun(
  store: ObjectStore,
  resultPath: string,
  { run_id: runId, ranks }: RunSummary,
  summaryText: string,
): Promise<string[]> {
  const layout = runLayout(resultPath, runId);
  const problems: string[] = [];
  if ((await textOf(store, layout.summary)) !== summaryText)
    problems.push(`the published summary.json is not that of run ${runId}`);
  if ((await textOf(store, layout.published.combined)) !== (await textOf(store, layout.combined)))
    problems.push(`the published combined_data.json is not that of run ${runId}`);
  const { objects } = await listAll(store, `${resultPath}/`);
  const names = objects.map(({ key }) => key.slice(resultPath.length + 1)).filter((name) => /^\d+\.json$/.test(name));
  if (names.length !== ranks.succeeded)
    problems.push(`${names.length} ranks are published, and ${ranks.succeeded} succeeded`);
  for (const name of names) {
    const rank = await textOf(store, `${resultPath}/${name}`);
    const result = parseJsonAs(rankResultSchema, rank, name);
    if (result.run_id !== runId)
      problems.push(`the published ${name} is of run ${String(result.run_id)}, not ${runId}`);
    else if (rank !== (await textOf(store, `${layout.folder}/${name}`)))
      problems.push(`the published ${name} is not that of its run`);
  }
  return problems;
}

async function checkGalaxies(
  store: ObjectStore,
  resultPath: string,
  summary: RunSummary,
  truth: Truth,
): Promise<string[]> {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  const { objects } = await listAll(store, `${runLayout(resultPath, summary.run_id).predictions}/`);
  for (const { key } of objects) {
    const file = key.slice(key.lastIndexOf('/') + 1);
    for (const row of await decodePredictions(await store.get(key))) {
      const galaxy = galaxyName(row.partition, row.index);
      const before = seen.get(galaxy);
      if (before !== undefined) problems.push(`galaxy ${galaxy} is in ${before} and in ${file}`);
      seen.set(galaxy, file);
      if (file !== `${row.rank}.parquet`) problems.push(`galaxy ${galaxy} of rank ${row.rank} is in ${file}`);
      const expected = truth.get(galaxy);
      if (expected === undefined) problems.push(`galaxy ${galaxy} is in no partition`);
      else if (expected !== bitsOf(row)) problems.push(`galaxy ${galaxy} has another prediction: ${row.z_pred}`);
    }
  }
  const given = new Set(summary.failed_ranks.flatMap(({ data_path }) => data_path.map((key) => galaxyName(key, 0))));
  const isNamed = (galaxy: string) => given.has(galaxy.replace(/#\d+$/, '#0'));
  const missing = [...truth.keys()].filter((galaxy) => !seen.has(galaxy));
  for (const galaxy of missing.filter((galaxy) => !isNamed(galaxy)))
    problems.push(`galaxy ${galaxy} is missing and not named`);
  for (const galaxy of [...seen.keys()].filter(isNamed))
    problems.push(`galaxy ${galaxy} is named as missing and is there`);
  const status = missing.length === 0 ? 'SUCCEEDED' : 'SUCCEEDED_WITH_FAILED_RANKS';
  if (summary.status !== status)
    problems.push(`the run says ${summary.status} with ${missing.length} of ${truth.size} galaxies missing`);
  if (summary.samples !== seen.size)
    problems.push(`the summary says ${summary.samples} galaxies, and ${seen.size} are there`);
  return problems;
}

/** SHA-256 of what ranks leave that depends on nothing but inputs, by name: predictions, hashes of images and names, and reductions of the published run. */
export async function filesOf(store: ObjectStore, resultPath: string): Promise<ReadonlyMap<string, string>> {
  const { published } = runLayout(resultPath, '-');
  const { run_id } = parseJsonAs(runSummarySchema, await textOf(store, published.summary), published.summary);
  const { folder } = runLayout(resultPath, run_id);
  const files = new Map<string, string>();
  for (const part of ['predictions', 'hashes', 'names', 'reductions']) {
    const { objects } = await listAll(store, `${folder}/${part}/`);
    for (const { key } of objects)
      files.set(
        key.slice(folder.length + 1),
        createHash('sha256')
          .update(await store.get(key))
          .digest('hex'),
      );
  }
  return files;
}

/** Whether files are those of a run that nobody disturbed, byte for byte. */
export function checkFiles(files: ReadonlyMap<string, string>, undisturbed: ReadonlyMap<string, string>): string[] {
  const names = new Set([...files.keys(), ...undisturbed.keys()]);
  return [...names]
    .filter((name) => files.get(name) !== undisturbed.get(name))
    .map((name) => `${name} has other bytes`);
}

/** What is left where nothing should be: unfinished files, locks, leases, keys. */
export async function checkLeftObjects(store: ObjectStore, resultPath: string): Promise<string[]> {
  const { objects } = await listAll(store, `${resultPath}/`);
  return objects
    .map(({ key }) => key)
    .filter((key) => /(^|\/)(publishing\.json|rendezvous-key)$|\.partial$|(^|\/)lock\.json/.test(key))
    .map((key) => `${key} was left behind`);
}

/** How a command ended, as its user sees it. */
export interface SeenEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It didn't end by itself within all the time that there was. */
  readonly hung: boolean;
}

/** What only a programmer understands. */
const RAW =
  /^\s+at (?:async )?[\w.<>[\] ]*\(?(?:file:|node:|\/).*:\d+|^node:internal|\bUnexpected \w*Error|UnhandledPromise|Error \[ERR_|\[object Object\]|: undefined\b|\bNaN\b/m;

/** Whether a command ended as every one must: in time, without raw errors, and where it failed in a sentence and the way on. */
export function checkEnd(end: SeenEnd): string[] {
  const said = `${end.stdout}\n${end.stderr}`;
  const [raw] = RAW.exec(said) ?? [];
  return [
    ...(end.hung ? ['the command hung'] : []),
    ...(raw === undefined ? [] : [`raw words: ${raw.trim().slice(0, 200)}`]),
    ...(end.hung || end.code === 0 || /^(Error: |The run failed: |Stopped|.* not as the run left )/m.test(said)
      ? []
      : [`no sentence says why it ended with ${String(end.code)}: ${lastOf(said)}`]),
    ...(end.hung || end.code === 0 || nextCommand(said) !== undefined
      ? []
      : [`no command to go on with in: ${lastOf(said)}`]),
  ];
}

/** The last command that a text says to go on with, as printed. */
export function nextCommand(said: string): string | undefined {
  return [...said.matchAll(/\b(?:with|now): (cosmicai [^\n]+?)\s*$/gm)].at(-1)?.[1];
}

function lastOf(text: string): string {
  return text.trim().split('\n').slice(-6).join(' | ').slice(-800);
}

async function textOf(store: ObjectStore, key: string): Promise<string> {
  return (await store.head(key)) === undefined ? '(absent)' : (await store.get(key)).toString();
}
