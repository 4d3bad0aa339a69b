import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { compileAstroMae, PUBLISHED_CONFIG, randomWeights } from '@cosmicai/astromae';
import { withMetadata } from '@cosmicai/inference';
import { MODEL_SPEC_KEY } from '@cosmicai/payload';
import { fileStore } from '@cosmicai/store';
import { simulateSurvey } from '@cosmicai/survey';
import { partitionStream, writePartition } from '@cosmicai/torchfile';
import { parse } from 'yaml';
import { archive, bundle, root, type Architecture, type Bundle } from '../src/index.ts';
import { image, magnitudes, node, numbers, redshift, testModel } from '../../../test/onnx-models.ts';
import { temporaryFolder } from '../../../test/stacks.ts';
import { unpack } from '../../../test/unpack.ts';

const MB = 1e6;
/** Lambda's limit for an unzipped package; ours for the zip keeps deployments and cold starts short. */
const LARGEST_UNZIPPED = 250 * 2 ** 20;
const LARGEST_ZIP = 60 * MB;

const folder = await temporaryFolder('packages');
const model = join(folder, 'model.onnx');
const TRAINED = JSON.stringify({ magnitudes: Array.from({ length: 5 }, () => [10, 30]), redshift: [0, 1] });
let inference: Bundle;

beforeAll(async () => {
  await writeFile(model, compileAstroMae(PUBLISHED_CONFIG, randomWeights(PUBLISHED_CONFIG, 1)));
  await writeFile(join(folder, 'model.trained.json'), TRAINED);
  inference = await bundle('inference');
});

describe.each<[Architecture, string]>([
  ['x86_64', 'x64'],
  ['arm64', 'arm64'],
])('the inference function for %s', (architecture, nodeArch) => {
  it(`is below 60 MB packed without a model, with the binaries of linux/${nodeArch} only`, async () => {
    const zip = join(folder, `${architecture}.zip`);
    await archive(inference, zip, { architecture });
    expect((await stat(zip)).size).toBeLessThan(LARGEST_ZIP);
    const files = await unpack(zip, join(folder, architecture));
    const names = files.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['handler.mjs', 'session-worker.mjs']));
    const binaries = names.filter((name) => /\.(node|so|so\.\d+|dll|dylib)$/.test(name));
    const place = `node_modules/onnxruntime-node/bin/napi-v6/linux/${nodeArch}/`;
    expect(binaries.sort()).toEqual([`${place}libonnxruntime.so.1`, `${place}onnxruntime_binding.node`]);
    expect(names).not.toContain('model.onnx');
  });

  it('is below 250 MB unpacked with the model, and the same bytes each time', async () => {
    const digests = [];
    for (const time of ['first', 'second']) {
      const zip = join(folder, `${architecture}-${time}.zip`);
      await archive(await bundle('inference'), zip, { architecture, model });
      digests.push(
        createHash('sha256')
          .update(await readFile(zip))
          .digest('hex'),
      );
    }
    expect(digests[1]).toBe(digests[0]);
    const files = await unpack(join(folder, `${architecture}-first.zip`), join(folder, `${architecture}-model`));
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(LARGEST_UNZIPPED);
    expect(files).toContainEqual({ name: 'model.onnx', size: (await stat(model)).size });
    expect(files).toContainEqual({ name: 'model.trained.json', size: TRAINED.length });
  });
});

describe('the start of the inference function', () => {
  const text = (name: string) => readFile(join(inference.folder, name), 'utf8');

  it('brings what it always needs, and the rest when it needs it', async () => {
    expect(inference.files).toEqual(expect.arrayContaining(['handler.mjs', 'session-worker.mjs']));
    const parts = inference.files.filter((name) => name.startsWith('part-'));
    const all = await Promise.all(parts.map(text));
    // What speaks to S3.
    expect(all.join('')).toContain('ListObjectsV2$');
    expect(await text('handler.mjs')).not.toContain('ListObjectsV2$');
    // A session's thread would load what it shared with the handler, which is more than it needs.
    expect(await text('session-worker.mjs')).not.toContain('part-');
  });

  it('brings neither messages in forty languages nor the client that fetch has', async () => {
    for (const name of inference.files) {
      const code = await text(name);
      // Dutch.
      expect(code).not.toContain('Ongeldige invoer');
      expect(code).not.toMatch(/\bfrom ?["'](node:)?https?["']/);
    }
  });
});

describe.each(['init', 'summarize'])('the %s functions', (service) => {
  it('are small, need no native code and so no architecture, and are the same bytes each time', async () => {
    const digests = new Set<string>();
    for (const architecture of ['x86_64', 'arm64'] as const) {
      const zip = join(folder, `${service}-${architecture}.zip`);
      await archive(await bundle(service), zip, { architecture });
      const bytes = await readFile(zip);
      expect(bytes.length).toBeLessThan(2 * MB);
      digests.add(createHash('sha256').update(bytes).digest('hex'));
    }
    expect(digests.size).toBe(1);
    expect((await bundle(service)).natives).toEqual([]);
  });
});

describe.each(['init', 'inference', 'summarize'])('the bundle of services/%s', (service) => {
  it('exports every function that serverless.yml names', async () => {
    const config = parse(await readFile(join(root, 'services', service, 'serverless.yml'), 'utf8')) as {
      functions: Record<string, { handler: string }>;
    };
    const handler = pathToFileURL(join((await bundle(service)).folder, 'handler.mjs')).href;
    const script = `import('${handler}').then((all) => console.log(Object.keys(all).filter((name) => typeof all[name] === 'function').join()))`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
    const named = Object.values(config.functions).map(({ handler: name }) => name.replace('handler.', ''));
    expect(named.sort()).toEqual(stdout.trim().split(',').sort());
  });
});

describe('an unpacked inference function', () => {
  const architecture = ({ x64: 'x86_64', arm64: 'arm64' } as const)[process.arch as 'x64' | 'arm64'];

  it('runs a rank by itself, away from the repository', async () => {
    const task = join(folder, 'var', 'task');
    await archive(inference, join(folder, 'task.zip'), { architecture, model });
    await unpack(join(folder, 'task.zip'), task);
    const { env, store, item } = await oneRank('unpacked');
    const script = `import('./handler.mjs').then(({ infer }) => infer(${JSON.stringify(item)})).then((answer) => console.log(JSON.stringify(answer)))`;
    // Only what Lambda gives: no NODE_PATH, no credentials, nothing of this checkout.
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
      cwd: task,
      env: { PATH: '/usr/bin:/bin', HOME: folder, ...env },
    });
    // The answer comes after what the function has logged.
    const answer = JSON.parse(stdout.trim().split('\n').at(-1)!);
    expect(answer).toMatchObject({ statusCode: 200, status: 'succeeded', samples: 40 });
    const result = JSON.parse((await store.get('results/runs/run-1/0.json')).toString());
    expect(result).toMatchObject({ samples: 40, rank: 0 });
    expect((await store.head('results/runs/run-1/predictions/0.parquet'))!.size).toBeGreaterThan(0);
  });
});

/** Models that take or answer something else than AstroMAE, as one packed function meets them one after the other. */
const OTHERS: Readonly<Record<string, { bands: string[]; side: number; values: number; output?: object }>> = {
  'three bands': { bands: ['g', 'r', 'i'], side: 16, values: 1 },
  '64 pixels': { bands: ['r'], side: 64, values: 1 },
  density: { bands: ['r'], side: 8, values: 2, output: { name: 'redshift', kind: 'density', grid: [0, 0.2, 0.4] } },
  classes: { bands: ['r'], side: 8, values: 2, output: { name: 'redshift', kind: 'classes', labels: ['a', 'b'] } },
};

describe('an unpacked inference function', () => {
  it('runs models of other bands, pixels and answers, each from the bucket', async () => {
    const task = join(folder, 'others', 'task');
    await archive(inference, join(folder, 'others.zip'), {
      architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
    });
    await unpack(join(folder, 'others.zip'), task);
    const buckets = join(folder, 'others-buckets');
    const store = fileStore(join(buckets, 'galaxies'));
    const items = [];
    for (const [name, { bands, side, values, output }] of Object.entries(OTHERS)) {
      const graph = testModel({
        image: image('n', bands.length, side, side),
        magnitudes: magnitudes('n', bands.length),
        outputs: redshift('n', values),
        answer: [node('Mul', ['z', 'weights'], 'redshift')],
        constants: { weights: numbers(...[1, 3].slice(0, values)) },
      });
      const inputs = { image: { bands, side }, features: bands };
      const spec = JSON.stringify({ inputs, ...(output && { outputs: [output] }) });
      await store.put(`${name}/model.onnx`, withMetadata(graph, MODEL_SPEC_KEY, spec));
      const pixels = bands.length * side * side;
      const batch = {
        ...{ from: 0, count: 3, images: Float32Array.from({ length: 3 * pixels }, (_, at) => at % 3) },
        ...{ magnitudes: new Float64Array(3 * bands.length).fill(20), redshift: new Float64Array(3).fill(0.25) },
      };
      const shape = { count: 3, imageShape: [bands.length, side, side], features: bands.length } as const;
      await store.put(`${name}/1.pt`, await buffer(partitionStream(shape, [batch])));
      items.push({
        ...{ S3_BUCKET: 'galaxies', DATA_BUCKET: 'galaxies', DATA_PATH: `${name}/1.pt`, RESULT_PATH: name },
        ...{ MODEL: `${name}/model.onnx`, RUN_ID: 'run', RANK: 0, WORLD_SIZE: 1, BATCH_SIZE: 2 },
      });
    }
    const script = `const { infer } = await import('./handler.mjs'); for (const item of ${JSON.stringify(items)}) await infer(item);`;
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: task,
      env: { PATH: '/usr/bin:/bin', HOME: folder, COSMICAI_STORE: pathToFileURL(buckets).href },
    });
    const results = await Promise.all(
      Object.keys(OTHERS).map(
        async (name) => JSON.parse((await store.get(`${name}/runs/run/0.json`)).toString()) as object,
      ),
    );
    expect(results).toEqual([
      expect.objectContaining({ prediction_scores: expect.objectContaining({ count: 3 }) }),
      expect.objectContaining({ sample_spec: expect.objectContaining({ image: { bands: ['r'], side: 64 } }) }),
      expect.objectContaining({
        prediction_scores: expect.objectContaining({ mae: expect.closeTo(0, 6) }),
        model_output: expect.objectContaining({ kind: 'density' }),
      }),
      expect.objectContaining({ without_redshift: 3, class_counts: { b: 3 } }),
    ]);
  });
});

describe('sls invoke local', () => {
  it('runs the example in a fresh clone, which nothing was set up for', async () => {
    const inference = join(root, 'services/inference');
    await rm(join(inference, 'events/buckets/survey/results'), { recursive: true, force: true });
    const command = [
      join(root, 'node_modules/.bin/sls'),
      ...'invoke local -f inference -p events/rank.json'.split(' '),
    ] as const;
    const [sls, ...args] = command;
    const { stdout } = await promisify(execFile)(sls, args, {
      cwd: inference,
      env: { PATH: process.env.PATH, HOME: folder },
    });
    expect(JSON.parse(stdout)).toMatchObject({ statusCode: 200, status: 'succeeded', samples: 4 });
    const written = await readFile(join(inference, 'events/buckets/survey/results/runs/example/0.json'), 'utf8');
    expect(JSON.parse(written)).toMatchObject({ samples: 4, prediction_scores: { count: 4 } });
  });

  it('runs a rank for real and prints its answer, and nothing else, as JSON', async () => {
    const { env, item } = await oneRank('invoked');
    const event = join(folder, 'event.json');
    await writeFile(event, JSON.stringify(item));
    const sls = join(root, 'node_modules/.bin/sls');
    const { stdout } = await promisify(execFile)(sls, ['invoke', 'local', '-f', 'inference', '-p', event], {
      cwd: join(root, 'services/inference'),
      env: { PATH: process.env.PATH, HOME: folder, COSMICAI_MODEL: model, ...env },
    });
    expect(JSON.parse(stdout)).toMatchObject({ statusCode: 200, status: 'succeeded', samples: 40 });
  });
});

/** A bucket with one partition of 40 galaxies, and the task of the only rank. */
async function oneRank(name: string) {
  const buckets = join(folder, name);
  const store = fileStore(join(buckets, 'galaxies'));
  await writePartition(store, 'datasets/1.pt', { count: 40 }, simulateSurvey({ count: 40, seed: 1 }));
  const item = {
    S3_BUCKET: 'galaxies',
    WORLD_SIZE: '1',
    RANK: '0',
    DATA_BUCKET: 'galaxies',
    DATA_PREFIX: 'datasets',
    DATA_PATH: 'datasets/1.pt',
    RESULT_PATH: 'results',
    BATCH_SIZE: 16,
    RUN_ID: 'run-1',
  };
  return { store, item, env: { COSMICAI_STORE: pathToFileURL(buckets).href } };
}
