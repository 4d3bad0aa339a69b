/*
 * Ranks in the packaged inference function, unzipped as Lambda unzips it, each in a process of its own that knows nothing of this checkout
 * or of models that were tried before: how long from the start of the process to its handler and to its first predictions, galaxies a
 * second, memory. Models take turns, and ratios are of neighbouring runs to the first of them. Under a quota of one core the function has one
 * session: run this in such a control group. Prints JSON.
 *
 *   node packages/deploy/bench/packaged-rank.ts [--models a.onnx,b.onnx] [--galaxies 2048] [--batch-size 512] [--rounds 3]
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { demoModel } from '@cosmicai/demo-model';
import { coresGiven } from '@cosmicai/inference';
import { median } from '@cosmicai/metrics';
import { rankResultSchema, parseJsonAs } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { simulateSurvey } from '@cosmicai/survey';
import { writePartition } from '@cosmicai/torchfile';
import { unpack } from '../../../test/unpack.ts';
import { archive, bundle } from '../src/index.ts';

/** What a process tells of itself, in ms since its start. */
interface Told {
  readonly handler: number;
  readonly first: number;
  readonly end: number;
  readonly cpu: number;
}

interface Rank extends Told {
  /** Galaxies a second. */
  readonly rate: number;
  /** MB of 2^20 bytes. */
  readonly peak: number;
}

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: [demoModel('fp32'), demoModel()].join(',') },
    galaxies: { type: 'string', default: '2048' },
    'batch-size': { type: 'string', default: '512' },
    rounds: { type: 'string', default: '3' },
  },
});
const folder = await mkdtemp(join(tmpdir(), 'cosmicai-packaged-'));
try {
  const count = Number(values.galaxies);
  const store = fileStore(join(folder, 'buckets/galaxies'));
  await writePartition(store, 'data/1.pt', { count }, simulateSurvey({ count, seed: 1 }));
  const made = await bundle('inference');
  const functions = [];
  for (const [at, model] of values.models.split(',').entries()) {
    const [zip, task] = [join(folder, `${at}.zip`), join(folder, `task-${at}`)];
    await archive(made, zip, { architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64', model });
    await unpack(zip, task);
    functions.push({ model: basename(model), task, zipBytes: (await stat(zip)).size });
  }
  const rounds: Rank[][] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const turn: Rank[] = [];
    for (const { task } of functions) turn.push(await rankIn(task));
    rounds.push(turn);
  }
  const table = functions.map(({ model, zipBytes }, at) => {
    const middle = (figure: (rank: Rank) => number) => median(rounds.map((turn) => figure(turn[at]!)));
    return {
      model,
      zip_mb: zipBytes / 1e6,
      to_handler_ms: middle(({ handler }) => handler),
      to_first_predictions_ms: middle(({ first }) => first),
      to_end_ms: middle(({ end }) => end),
      cpu_ms: middle(({ cpu }) => cpu),
      samples_per_second: middle(({ rate }) => rate),
      ratio: median(rounds.map((turn) => turn[at]!.rate / turn[0]!.rate)),
      peak_rss_mb: middle(({ peak }) => peak),
    };
  });
  const processors = cpus();
  const machine = `${processors.length} x ${processors[0]?.model ?? 'unknown'}, ${coresGiven()} given, Node ${process.version}`;
  const figures = { machine, galaxies: count, batch_size: Number(values['batch-size']), rounds: rounds.length, table };
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);

  async function rankIn(task: string): Promise<Rank> {
    // A new environment of Lambda has an empty folder of temporary files.
    const temporary = join(folder, 'tmp');
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    const item = {
      ...{ S3_BUCKET: 'galaxies', DATA_BUCKET: 'galaxies', DATA_PATH: 'data/1.pt', RESULT_PATH: 'results' },
      ...{ WORLD_SIZE: '1', RANK: '0', BATCH_SIZE: Number(values['batch-size']) },
    };
    const script = `
      const { infer } = await import('./handler.mjs');
      const told = { handler: performance.now() };
      await infer(${JSON.stringify(item)}, { reportProgress: ({ galaxies }) => { if (galaxies > 0) told.first ??= performance.now(); } });
      const { user, system } = process.cpuUsage();
      console.log(JSON.stringify({ ...told, end: performance.now(), cpu: (user + system) / 1000 }));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: task,
      env: { PATH: '/usr/bin:/bin', TMPDIR: temporary, COSMICAI_STORE: pathToFileURL(join(folder, 'buckets')).href },
      encoding: 'utf8',
    });
    const told = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Told;
    const result = parseJsonAs(rankResultSchema, (await store.get('results/0.json')).toString(), 'result of the rank');
    return { ...told, rate: result.samples / result.timing.inference, peak: result.peak_rss_mb };
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
