import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  runLayout,
  UserInputError,
  type Json,
  type JsonObject,
  type RankTaskItem,
  type RunRecord,
} from '@cosmicai/payload';
import { demoModel } from '@cosmicai/demo-model';
import { composePayload } from '@cosmicai/engine';
import { findRun, openPlace, PlanWriter, readPlan, recordText, type RunPlace } from '@cosmicai/runs';
import { fileStore, readableAddress } from '@cosmicai/store';
import { planOfArray, planRun, runRank, summarizeRun, type Functions } from '../src/index.ts';

const RUN_ID = '20260304T050607Z-01234567';
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-copy-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Takes down what the functions are called with, and does nothing. */
function deafFunctions() {
  const calls: Json[] = [];
  const functions: Functions = {
    close: () => Promise.resolve(),
    call: (name, input) => {
      calls.push(input as Json);
      return name === 'infer'
        ? Promise.resolve({ status: 'succeeded', samples: 3 })
        : Promise.reject(new Error('called'));
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { calls, functions };
}

/** Plans a run of two ranks whose model is named by a key, into `at` of the folder. */
async function planned(at: string, model: JsonObject = { model: 'models/é 1.onnx' }): Promise<void> {
  const bucket = pathToFileURL(folder).href;
  const layout = runLayout(at, RUN_ID);
  const task = (rank: number): RankTaskItem => ({
    ...{ S3_BUCKET: bucket, WORLD_SIZE: '2', RANK: String(rank), DATA_BUCKET: bucket, DATA_PREFIX: 'data' },
    ...{ DATA_PATH: `data/${rank}.pt`, RESULT_PATH: at, BATCH_SIZE: 4, RUN_ID, MODEL: 'models/é 1.onnx' },
  });
  const store = fileStore(folder);
  await using writer = new PlanWriter(store, layout);
  for (const rank of [0, 1]) await writer.add(task(rank));
  const record: RunRecord = {
    run: {
      ...{ run_id: RUN_ID, bucket, result_path: at, manifest_key: layout.manifest, items_key: layout.items },
      ...{ map_prefix: layout.map, world_size: 2, ranks_with_data: 2, max_concurrency: 10 },
      ...{ tolerated_failure_percentage: 0, fmi_enabled: false, rendezvous_endpoint: null },
    },
    created_at: '2026-03-04T05:06:07.000Z',
    payload: { data_bucket: bucket, data_prefix: 'data', ...model },
    warnings: [],
    partitions: { files: 2, bytes: 2 },
    planned_files: await writer.end(),
  };
  await store.put(layout.run, recordText(record));
  await writer.finish();
}

/** At the place that plans name, though it is none. */
async function writeModel(): Promise<void> {
  await mkdir(join(folder, 'models'));
  await writeFile(join(folder, 'models', 'é 1.onnx'), 'model');
}

const placeAt = async (path: string): Promise<RunPlace> =>
  (await findRun(pathToFileURL(join(folder, path, 'runs', RUN_ID)).href, folder)).place;
const { signal } = new AbortController();
const NO_MODEL = { path: '/gone.onnx', arguments: ['--model', '/gone.onnx'] };

describe('a run that was copied', () => {
  beforeEach(async () => {
    await planned('results');
    await cp(join(folder, 'results'), join(folder, 'copies', 'second'), { recursive: true });
  });

  it('runs its ranks where it lies, with data and model from where they are', async () => {
    const { calls, functions } = deafFunctions();
    await runRank({ place: await placeAt('copies/second'), index: 1, functions, signal });
    expect(calls).toEqual([
      expect.objectContaining({
        S3_BUCKET: pathToFileURL(join(folder, 'copies')).href,
        RESULT_PATH: 'second',
        MANIFEST: `second/runs/${RUN_ID}/manifest.json`,
        RANK: '1',
        MODEL: pathToFileURL(join(folder, 'models', 'é 1.onnx')).href,
      }),
    ]);
    const place = await placeAt('copies/second');
    const { manifest, record } = await readPlan(openPlace(place), place);
    const bucket = pathToFileURL(folder).href;
    expect(manifest[1]).toMatchObject({ RESULT_PATH: 'second', DATA_BUCKET: bucket, DATA_PATH: ['data/1.pt'] });
    expect(record.payload.model).toBe(pathToFileURL(join(folder, 'models', 'é 1.onnx')).href);
    await writeModel();
    expect((await planOfArray(place, NO_MODEL)).run).toMatchObject({ result_path: 'second' });
  });

  it('is combined where it lies', async () => {
    const { calls, functions } = deafFunctions();
    await expect(summarizeRun(await placeAt('copies/second'), functions, signal)).rejects.toThrow('called');
    const { run } = calls[0] as { run: JsonObject };
    expect(run).toMatchObject({ bucket: pathToFileURL(join(folder, 'copies')).href, result_path: 'second' });
  });

  it('stays what it is for who names the original', async () => {
    const { calls, functions } = deafFunctions();
    await runRank({ place: await placeAt('results'), index: 1, functions, signal });
    expect(calls[0]).toMatchObject({ S3_BUCKET: pathToFileURL(folder).href, RANK: '1' });
    expect(calls[0]).not.toHaveProperty('MODEL');
  });
});

it('keeps the spelling of its plan, however its place is split into store and path', async () => {
  await planned('deep/results');
  const { calls, functions } = deafFunctions();
  const place = await placeAt('deep/results');
  expect(readableAddress(place.bucket, place.resultPath)).toBe(join(folder, 'deep/results'));
  expect(place.resultPath).toBe('results');
  await runRank({ place, index: 0, functions, signal });
  expect(calls[0]).toMatchObject({ S3_BUCKET: pathToFileURL(folder).href });
  expect(calls[0]).not.toHaveProperty('RESULT_PATH');
});

describe('a rank whose run has lost its record', () => {
  const edited = (text: string) => text.replace('"max_concurrency": 10', '"max_concurrency": 11');

  it.each([
    ['edited', /run\.json is not what was planned: its seal is broken/],
    ['gone', /run\.json is not what was planned: it is gone/],
  ])('%s, predicts nothing', async (how, message) => {
    await planned('results');
    const file = join(folder, 'results', 'runs', RUN_ID, 'run.json');
    const text = await readFile(file, 'utf8');
    expect(edited(text)).not.toBe(text);
    await (how === 'gone' ? rm(file) : writeFile(file, edited(text)));
    const { calls, functions } = deafFunctions();
    const place = { bucket: pathToFileURL(folder).href, resultPath: 'results', runId: RUN_ID };
    await expect(runRank({ place, index: 0, functions, signal })).rejects.toThrow(message);
    expect(calls).toEqual([]);
  });
});

describe('planOfArray', () => {
  it('names the folders of this machine, and no model where the payload does', async () => {
    await planned('results');
    await writeModel();
    const plan = await planOfArray(await placeAt('results'), NO_MODEL);
    expect(plan).toMatchObject({ folders: [join(folder, 'results'), join(folder, 'data')], modelArguments: [] });
  });

  it('names the model that the run was planned with, and refuses another', async () => {
    await planned('results', { model_sha256: '0'.repeat(64) });
    const place = await placeAt('results');
    // A model in the container is not seen from here.
    const inContainer = { ...NO_MODEL, inContainer: true };
    expect((await planOfArray(place, inContainer)).modelArguments).toEqual(NO_MODEL.arguments);
    await expect(planOfArray(place, NO_MODEL)).rejects.toThrow('There is no model file /gone.onnx.');
    await expect(planOfArray(place, { path: demoModel(), arguments: [] })).rejects.toThrow(
      /planned with another model .*Name it with --model/,
    );
  });
});

describe('a plan', () => {
  const plan = (functions: Functions) => {
    const { payload } = composePayload({}, { data: `${folder}/data`, results: `${folder}/results` }, folder);
    return planRun({ payload, model: demoModel(), functions, signal });
  };

  it('is refused before anything is called where it can not be written', async () => {
    await writeFile(join(folder, 'results'), 'in the way');
    const { calls, functions } = deafFunctions();
    await expect(plan(functions)).rejects.toThrow(
      /^Results can't be written to .*results.*: a part of the path is a file/,
    );
    await expect(plan(functions)).rejects.toThrow(UserInputError);
    expect(calls).toEqual([]);
  });

  it('that comes to nothing leaves no folder', async () => {
    const { calls, functions } = deafFunctions();
    await expect(plan(functions)).rejects.toThrow('called');
    expect(calls).toHaveLength(1);
    expect(existsSync(join(folder, 'results'))).toBe(false);
  });
});

it.each(['manifest.json', 'items.json'])('a plan whose %s was edited or is gone gets no array', async (name) => {
  await planned('results');
  await writeModel();
  const place = await placeAt('results');
  const file = join(folder, 'results', 'runs', RUN_ID, name);
  await writeFile(file, (await readFile(file, 'utf8')).replace('"RANK":"0"', '"RANK":"1"'));
  await expect(planOfArray(place, NO_MODEL)).rejects.toThrow(`${name} is not what was planned: its SHA-256 is another`);
  await rm(file);
  await expect(planOfArray(place, NO_MODEL)).rejects.toThrow(`${name} is not what was planned: it is gone`);
});

it('a plan whose model, which it names, is gone gets no array', async () => {
  await planned('results');
  await expect(planOfArray(await placeAt('results'), NO_MODEL)).rejects.toThrow(/There is no model .*é 1\.onnx/);
});

it('a results folder whose run is not finished says which ranks are missing, and what to type', async () => {
  await planned('results');
  const find = () => findRun(pathToFileURL(join(folder, 'results')).href, folder);
  const done = (rank: number) => writeFile(join(folder, 'results', 'runs', RUN_ID, `${rank}.json`), '{}');
  await expect(find()).rejects.toThrow(/no finished run.* 0 of 2 ranks .*missing: 0, 1\..*--index 0/);
  await done(0);
  await expect(find()).rejects.toThrow(/ 1 of 2 ranks .*missing: 1\..*manifest\.json --index 1/);
  await done(1);
  await expect(find()).rejects.toThrow(/ 2 of 2 ranks .* are done: combine them with: cosmicai summarize /);
});
