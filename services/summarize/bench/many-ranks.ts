/*
 * Summarize over the number of ranks: memory and processor time, which can be measured on a busy machine, each number in a process of
 * its own. Ranks have 100,000 predictions each in the files that ranks leave (predictions, hashes of images and names, reduction); of these there are as many
 * different ones as --distinct says, and ranks share them by hard links, so that a billion predictions take 1 GB of disk. All that
 * Summarize checks of a rank fits its files. Summarize is bundled as it is deployed, without any flags. Prints JSON.
 *
 *   node services/summarize/bench/many-ranks.ts [--ranks 1000,2000,5000,10000] [--galaxies 100000] [--distinct 40] [--keep FOLDER]
 *
 * With --keep the last run stays in FOLDER, with z_spec.f64 and z_pred.f32, the redshifts of the different files one after the other;
 * rank r has those of file r modulo --distinct. packages/report/bench/many-ranks.ts reports on it, and against_numpy.py compares.
 */
/* eslint-disable no-console -- it prints its measurement */
import { execFileSync } from 'node:child_process';
import { appendFileSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { encodeHashes, encodePredictions, peakRssMb } from '@cosmicai/inference';
import { encodeReduction, Reduction, seededRandom, standardNormal } from '@cosmicai/metrics';
import { parseJsonAs, runSummarySchema, withFormat, type FileWithHead, type WrittenFile } from '@cosmicai/payload';
import { fileStore, openStore, sha256Of, type ObjectStore } from '@cosmicai/store';
import { rankResult } from '../../../test/rank-results.ts';
import { summarize } from '../src/summarize.ts';
import { givenPlan, layout, reference, RUN_ID, task } from '../test/given-plan.ts';

const IN_A_BATCH = 512;
const FEATURES = 5;
const SURVEY = { scale: 0.11, scatter: 0.014, outliers: 0.01, bias: 0.002 };
const { values } = parseArgs({
  options: {
    ranks: { type: 'string', default: '1000,2000,5000,10000' },
    galaxies: { type: 'string', default: '100000' },
    distinct: { type: 'string', default: '40' },
    keep: { type: 'string' },
    measure: { type: 'string' },
  },
});
const galaxies = Number(values.galaxies);
const distinct = Number(values.distinct);

if (values.measure === undefined) await measureAll();
else await measureOne(values.measure);

async function measureAll(): Promise<void> {
  const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'cosmicai-many-ranks-'));
  mkdirSync(folder, { recursive: true });
  const bundle = join(folder, 'many-ranks.mjs');
  try {
    const { bundleBench } = await import('../../../test/bundle-bench.ts');
    await bundleBench(import.meta.filename, bundle);
    const store = fileStore(folder);
    for (const name of ['z_spec.f64', 'z_pred.f32']) writeFileSync(join(folder, name), '');
    const files = [];
    for (let kind = 0; kind < distinct; kind++) files.push(await writeKind(store, folder, kind));
    const table = [];
    for (const ranks of values.ranks.split(',').map(Number)) {
      await writeRun(store, folder, ranks, files);
      const measured = JSON.parse(
        execFileSync(process.execPath, [bundle, '--measure', folder], { encoding: 'utf8' }),
      ) as Record<string, unknown>;
      table.push({ ranks, galaxies: ranks * galaxies, ...measured });
    }
    console.log(JSON.stringify({ galaxies_of_a_rank: galaxies, distinct_files: distinct, table }, null, 1));
  } finally {
    rmSync(bundle, { force: true });
    if (values.keep === undefined) rmSync(folder, { recursive: true });
  }
}

/** In a process of its own, so that memory and time are of Summarize alone. */
async function measureOne(folder: string): Promise<void> {
  const bucket = pathToFileURL(folder).href;
  const startedCpu = process.cpuUsage();
  const baseMb = peakRssMb();
  const answer = await summarize(
    { run: { ...reference, bucket } },
    { openStore, now: () => new Date(), sleep: async () => undefined, region: undefined },
  );
  const { user, system } = process.cpuUsage(startedCpu);
  const summary = parseJsonAs(
    runSummarySchema,
    (await openStore(bucket).get(layout.summary)).toString(),
    layout.summary,
  );
  console.log(
    JSON.stringify({
      status: answer.status,
      cause: answer.cause,
      cpu_seconds: (user + system) / 1e6,
      cpu_ms_a_rank: (user + system) / 1e3 / summary.ranks.planned,
      peak_rss_mb: peakRssMb(),
      peak_rss_mb_before: baseMb,
      samples: summary.samples,
      duplicates: summary.duplicates,
      repeated_names: summary.repeated_names,
      prediction_scores: summary.prediction_scores,
    }),
  );
}

interface Kind {
  readonly predictions: Omit<WrittenFile, 'key'>;
  readonly hashes: Omit<WrittenFile, 'key'>;
  readonly names: Omit<WrittenFile, 'key'>;
  readonly reduction: Omit<FileWithHead, 'key'>;
}

/** Files of a rank, under names of their own. */
async function writeKind(store: ObjectStore, folder: string, kind: number): Promise<Kind> {
  const random = seededRandom(kind + 1);
  const zSpec = Float64Array.from({ length: galaxies }, () => 0.02 + SURVEY.scale * Math.abs(standardNormal(random)));
  const zPred = Float32Array.from(zSpec, (z) => {
    const scatter = random() < SURVEY.outliers ? 10 * SURVEY.scatter : SURVEY.scatter;
    return z + (SURVEY.bias + scatter * standardNormal(random)) * (1 + z);
  });
  const flags = Uint16Array.from(zSpec, () => (random() < 0.01 ? 8 : 0));
  const partition = `${kind + 1}.pt`;
  const reduction = new Reduction();
  const batches = [];
  for (let from = 0; from < galaxies; from += IN_A_BATCH) {
    const to = Math.min(galaxies, from + IN_A_BATCH);
    const [spec, pred, flagged] = [zSpec.subarray(from, to), zPred.subarray(from, to), flags.subarray(from, to)];
    const magnitudes = new Float64Array(FEATURES * (to - from)).fill(18);
    batches.push({ from, count: to - from, magnitudes, zSpec: spec, zPred: pred, flags: flagged });
    reduction.addAll({ rank: kind, partition, from, zSpec: spec, zPred: pred, flags: flagged });
  }
  const { head, tail } = encodeReduction(reduction.kept());
  const hashes = () =>
    encodeHashes(
      BigUint64Array.from({ length: galaxies }, () =>
        BigInt.asUintN(64, (BigInt(Math.floor(random() * 2 ** 32)) << 32n) | BigInt(Math.floor(random() * 2 ** 32))),
      ).sort(),
    );
  appendFileSync(join(folder, 'z_spec.f64'), new Uint8Array(zSpec.buffer));
  appendFileSync(join(folder, 'z_pred.f32'), new Uint8Array(zPred.buffer));
  return {
    predictions: await write(store, `kinds/${kind}.parquet`, encodePredictions(kind, [{ partition, batches }])),
    hashes: await write(store, `kinds/${kind}.u64`, hashes()),
    names: await write(store, `kinds/${kind}.names.u64`, hashes()),
    reduction: {
      ...(await write(store, `kinds/${kind}.bin`, Buffer.concat([head, ...tail]))),
      head: { size: head.length, sha256: sha256Of(head) },
    },
  };
}

async function write(store: ObjectStore, key: string, bytes: Uint8Array): Promise<Omit<WrittenFile, 'key'>> {
  const { size, etag } = await store.put(key, bytes);
  return { size, etag, sha256: sha256Of(bytes) };
}

async function writeRun(store: ObjectStore, folder: string, ranks: number, kinds: readonly Kind[]): Promise<void> {
  rmSync(join(folder, 'out'), { recursive: true, force: true });
  await givenPlan(store, ranks);
  const link = (kind: string, key: string) => {
    mkdirSync(dirname(join(folder, key)), { recursive: true });
    linkSync(join(folder, kind), join(folder, key));
  };
  const version = { size: 100_000_000, etag: 'e' };
  const tasks = [];
  for (let rank = 0; rank < ranks; rank++) {
    const number = rank % kinds.length;
    const kind = kinds[number];
    if (kind === undefined) continue;
    const planned = task(rank, ranks);
    tasks.push({ ...planned, DATA_OBJECTS: [version] });
    const keys = {
      predictions: layout.rankPredictions(rank),
      hashes: layout.rankHashes(rank),
      names: layout.rankNames(rank),
      reduction: layout.rankReduction(rank),
    };
    link(`kinds/${number}.parquet`, keys.predictions);
    link(`kinds/${number}.u64`, keys.hashes);
    link(`kinds/${number}.names.u64`, keys.names);
    link(`kinds/${number}.bin`, keys.reduction);
    const startedAt = Date.parse('2026-03-04T05:06:08.000Z') + 20 * rank;
    const total = 100 + (rank % 37) + (rank % 500 === 0 ? 60 : 0);
    const result = rankResult(rank, {
      run_id: RUN_ID,
      world_size: ranks,
      samples: galaxies,
      bits: galaxies * 164_160,
      partitions: [{ key: planned.DATA_PATH, ...version, samples: galaxies, index_range: [0, galaxies] }],
      predictions_key: keys.predictions,
      predictions_file: { key: keys.predictions, ...kind.predictions, rows: galaxies },
      hashes_file: { key: keys.hashes, ...kind.hashes },
      names_file: { key: keys.names, ...kind.names },
      reduction_file: { key: keys.reduction, ...kind.reduction },
      started_at: new Date(startedAt).toISOString(),
      timing: { model_load: 0.4, read: 3, inference: total - 1, write: 0.3, total },
      store_requests: { gets: 30, heads: 1, puts: 4, lists: 0, deletes: 0 },
    });
    writeFileSync(join(folder, layout.rankResult(rank)), `${JSON.stringify(withFormat(result), null, 1)}\n`);
  }
  await store.put(layout.manifest, JSON.stringify(tasks));
}
