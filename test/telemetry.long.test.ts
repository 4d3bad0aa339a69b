import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileAstroMae, PUBLISHED_CONFIG, randomWeights } from '../packages/astromae/src/index.ts';
import { NO_TELEMETRY } from '../packages/payload/src/no-telemetry.ts';
import { fileStore } from '../packages/store/src/index.ts';
import { simulateSurvey } from '../packages/survey/src/index.ts';
import { writePartition } from '../packages/torchfile/src/index.ts';
import { archive, bundle, root } from '../packages/deploy/src/index.ts';
import { temporaryFolder } from './stacks.ts';
import { canTrace, traced, type Deeds } from './traced.ts';
import { unpack } from './unpack.ts';

const config = { ...PUBLISHED_CONFIG, encoder: { ...PUBLISHED_CONFIG.encoder, depth: 1 } };
const MAIN = join(root, 'packages/cli/src/main.ts');

/** Keeps the program from setting the variables, as if nobody had thought of it: what the tests see then is what they can see. */
const UNPROTECTED = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
    `process.env=new Proxy(process.env,{set:(env,name,value)=>${JSON.stringify(Object.keys(NO_TELEMETRY))}.includes(name)||Reflect.set(env,name,value)})`,
  )}`,
};

interface Place {
  readonly folder: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A folder with a survey, a model and an empty home. */
async function place(name: string): Promise<Place> {
  const folder = await temporaryFolder(`telemetry-${name}`);
  const [home, tmp] = [join(folder, 'home'), join(folder, 'tmp')];
  await Promise.all([mkdir(home), mkdir(tmp)]);
  await writeFile(join(folder, 'model.onnx'), compileAstroMae(config, randomWeights(config, 1)));
  const store = fileStore(join(folder, 'galaxies'));
  await writePartition(store, 'datasets/1.pt', { count: 20 }, simulateSurvey({ count: 20, seed: 1 }));
  return { folder, home, env: { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: tmp } };
}

/** What a program left where it has no business: outside its folder, or in the home folder. */
function strayed({ created }: Deeds, { folder, home }: Place): string[] {
  return created.filter((path) => !path.startsWith(`${folder}/`) || path === home || path.startsWith(`${home}/`));
}

async function infer({ folder, env }: Place, more: NodeJS.ProcessEnv = {}): Promise<Deeds> {
  const args = ['infer', 'galaxies/datasets/1.pt', '--model', 'model.onnx', '--json'];
  return await traced(folder, [MAIN, ...args], { ...env, ...more });
}

/** One rank by the packaged function alone, unpacked as Lambda does it. */
async function packagedRank({ folder, env }: Place, more: NodeJS.ProcessEnv = {}): Promise<Deeds> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64';
  const zip = join(folder, 'task.zip');
  await archive(await bundle('inference'), zip, { architecture, model: join(folder, 'model.onnx') });
  await unpack(zip, join(folder, 'task'));
  const item = {
    ...{ S3_BUCKET: 'galaxies', DATA_BUCKET: 'galaxies', DATA_PREFIX: 'datasets', DATA_PATH: 'datasets/1.pt' },
    ...{ WORLD_SIZE: '1', RANK: '0', RESULT_PATH: 'results', BATCH_SIZE: 16, RUN_ID: 'run-1' },
  };
  const handler = pathToFileURL(join(folder, 'task/handler.mjs')).href;
  const script = `import('${handler}').then(({ infer }) => infer(${JSON.stringify(item)})).then(({ samples }) => console.log('samples', samples))`;
  return await traced(folder, ['-e', script], { ...env, COSMICAI_STORE: pathToFileURL(folder).href, ...more });
}

(canTrace() ? describe : describe.skip)('with an empty home folder, nothing is sent or written elsewhere by', () => {
  it('cosmicai infer; the same without the protection leaves what it would send in the home folder', async () => {
    const here = await place('infer');
    const deeds = await infer(here);
    expect(JSON.parse(deeds.stdout)).toMatchObject({ samples: 20 });
    expect(deeds.calls).toEqual([]);
    expect(strayed(deeds, here)).toEqual([]);
    expect(await readdir(here.home)).toEqual([]);

    const unprotected = await infer(here, UNPROTECTED);
    expect([...unprotected.calls, ...strayed(unprotected, here)]).not.toEqual([]);
  });

  it('a packaged function that runs a rank; the same without the protection leaves what it would send', async () => {
    const here = await place('function');
    const deeds = await packagedRank(here);
    expect(deeds.stdout).toContain('samples 20');
    expect(deeds.calls).toEqual([]);
    expect(strayed(deeds, here)).toEqual([]);
    expect(await readdir(here.home)).toEqual([]);

    const unprotected = await packagedRank(here, UNPROTECTED);
    expect([...unprotected.calls, ...strayed(unprotected, here)]).not.toEqual([]);
  });

  it('cosmicai run, whose functions are processes of their own', async () => {
    const here = await place('run');
    for (const service of ['init', 'inference', 'summarize']) await bundle(service);
    const args = ['run', '--data', 'galaxies/datasets', '--world-size', '1', '--model', 'model.onnx', '--json'];
    const deeds = await traced(here.folder, [MAIN, ...args], here.env);
    expect(JSON.parse(deeds.stdout)).toMatchObject({ status: 'SUCCEEDED' });
    expect(deeds.calls).toEqual([]);
    expect(strayed(deeds, here)).toEqual([]);
    expect(await readdir(here.home)).toEqual([]);
  });
});

describe('the switch', () => {
  const SWITCH = /^import '(@cosmicai\/payload|\.\.\/packages\/payload\/src)\/no-telemetry(\.ts)?';$/;

  it('comes before onnxruntime, and before threads that load it, in every source file', async () => {
    const places = await Promise.all(['packages', 'services', 'scripts', 'test'].map(sourcesBelow));
    const loading = places.flat().filter(({ text }) => loadsRuntime(text));
    // The worker of a session and who starts it, at the least.
    expect(loading.length).toBeGreaterThanOrEqual(2);
    const late = loading.filter(({ text }) => !SWITCH.test(/^import .*$/m.exec(text)?.[0] ?? ''));
    expect(late.map(({ path }) => path)).toEqual([]);
  });

  it('is the first import of every bundle', async () => {
    for (const service of ['init', 'inference', 'summarize']) {
      const { folder, files } = await bundle(service);
      for (const file of files) {
        const [first = ''] = (await readFile(join(folder, file), 'utf8')).split('\n');
        expect(decodeURIComponent(first)).toContain(JSON.stringify(NO_TELEMETRY));
      }
    }
  });
});

function loadsRuntime(text: string): boolean {
  return (
    /^import (?!type )[^;]*from 'onnxruntime-node';$/m.test(text) ||
    /(import|require)\('onnxruntime-node'\)/.test(text) ||
    // The thread that reads HDF5 has nothing of it.
    (text.includes('new Worker(') && !text.includes('hdf5-worker'))
  );
}

async function sourcesBelow(folder: string): Promise<{ path: string; text: string }[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(node_modules|dist)\//.test(path) && path !== import.meta.filename);
  return await Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })));
}
