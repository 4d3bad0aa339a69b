import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runRank } from '../packages/inference/src/index.ts';
import { manifestSchema, parseJsonAs, rankResultSchema, type RankTask } from '../packages/payload/src/index.ts';
import { verifyRun } from '../packages/runs/src/index.ts';
import { fileStore, openStore, type ObjectStore } from '../packages/store/src/index.ts';
import { parquetReadObjects } from 'hyparquet';
import { attempt, stubModel } from '../packages/inference/test/support/timed-rank.ts';
import { float32File } from '../packages/samples/test/fits-files.ts';
import { initialize } from '../services/init/src/initialize.ts';

let root: string;
let store: ObjectStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cosmicai-cutouts-'));
  store = fileStore(root);
});
afterEach(() => rm(root, { recursive: true }));

const bucket = () => pathToFileURL(root).href;
const SIDE = 32;
const image = (of: number, bands = 5) =>
  float32File(
    Float32Array.from({ length: bands * SIDE * SIDE }, (_, at) => of + (at % 7)),
    bands === 1 ? [SIDE, SIDE] : [bands, SIDE, SIDE],
  );

/** A table of galaxies, whose magnitudes tell them from each other. */
function table(names: readonly (string | number)[]): string {
  const rows = names.map((name) => [name, ...Array.from('ugriz', (_, at) => Number(name) + at), Number(name) / 100]);
  return [['object', ...Array.from('ugriz', (band) => `mag_${band}`), 'z'], ...rows]
    .map((row) => row.join())
    .join('\n');
}

async function plan(fields: object) {
  const answer = await initialize(
    { bucket: bucket(), data_prefix: 'sky', ...fields },
    { openStore, now: () => new Date(0), newRunId: () => 'run' },
  );
  const manifest = parseJsonAs(manifestSchema, (await store.get(answer.run.manifest_key)).toString(), 'manifest');
  return { answer, manifest };
}

/** Runs the ranks with a model whose answer follows from a galaxy's first magnitude. */
async function rowsOf(manifest: readonly RankTask[]) {
  const rows: Record<string, unknown>[] = [];
  for (const task of manifest) {
    const clock = { now: 0 };
    const { model } = stubModel(clock, 1);
    const { result_key: key } = await runRank({ ...task, BATCH_SIZE: 1 }, attempt(clock, model));
    const result = parseJsonAs(rankResultSchema, (await store.get(key)).toString(), key);
    expect(result.partitions.map((partition) => partition.key)).toEqual(task.DATA_PATH);
    rows.push(...(await parquetReadObjects({ file: new Uint8Array(await store.get(result.predictions_key)).buffer })));
  }
  return rows;
}

describe('a run over a folder of cutouts', () => {
  it('shares its galaxies out in the order of their table, and predicts each with its row', async () => {
    const names = [5, 3, 9, 1, 7];
    for (const name of [...names, 4]) await store.put(`sky/cutout_${name}.fits`, image(name));
    await store.put('sky/table.csv', table([...names, 8]));
    const { answer, manifest } = await plan({ world_size: 2, keep: ['object'] });
    expect(manifest.map((task) => task.DATA_PATH)).toEqual([
      ['sky/cutout_5.fits', 'sky/cutout_3.fits', 'sky/cutout_1.fits'],
      ['sky/cutout_9.fits', 'sky/cutout_7.fits'],
    ]);
    expect(answer.warnings).toEqual([
      expect.stringMatching(/^1 row of .*table\.csv without a file, left out: 8/),
      expect.stringMatching(/^1 file of .*sky that .*table\.csv doesn’t name, left out: cutout_4\.fits/),
    ]);
    const rows = await rowsOf(manifest);
    expect(rows.map((row) => [row.partition, row.index, row.object, row.mag_u, row.mag_z, row.z_spec])).toEqual(
      [5, 3, 1, 9, 7].map((name) => [`sky/cutout_${name}.fits`, 0, BigInt(name), name, name + 4, name / 100]),
    );
    expect(rows.map((row) => row.id)).toEqual([5, 3, 1, 9, 7].map((name) => `cutout_${name}`));
  });

  it('predicts a galaxy for each of two rows that name one file, and says so', async () => {
    for (const name of [5, 3]) await store.put(`sky/${name}.fits`, image(name));
    await store.put('sky/table.csv', `${table([5, 3])}\n5,1,2,3,4,6,`);
    const { answer, manifest } = await plan({});
    expect(answer.warnings).toEqual([
      expect.stringMatching(/^1 row of .*table\.csv names a file that an earlier row names, too; .*: 5\.$/),
    ]);
    expect(manifest[0]?.DATA_PATH).toEqual(['sky/5.fits', 'sky/3.fits']);
    const rows = await rowsOf(manifest);
    expect(rows.map((row) => [row.partition, row.index, row.mag_u, row.mag_z])).toEqual([
      ['sky/5.fits', 0, 5, 9],
      ['sky/5.fits', 1, 1, 6],
      ['sky/3.fits', 0, 3, 7],
    ]);
  });

  it('gives one rank all bands of a galaxy, and only one rank to a few galaxies', async () => {
    for (const name of [1, 2]) for (const band of 'zirgu') await store.put(`sky/${name}_${band}.fits`, image(name, 1));
    await store.put('sky/table.csv', table([1, 2]));
    const { manifest } = await plan({});
    expect(manifest).toHaveLength(1);
    expect(manifest[0]?.CUTOUTS?.galaxies[1]).toEqual({ name: '2', row: 1, bands: ['g', 'i', 'r', 'u', 'z'] });
    const rows = await rowsOf(manifest);
    expect(rows.map((row) => [row.partition, row.mag_u])).toEqual([
      ['sky/1_g.fits', 1],
      ['sky/2_g.fits', 2],
    ]);
  });

  it('is refused where its table lacks what is to be kept, before anything is planned', async () => {
    await store.put('sky/1.fits', image(1));
    await store.put('sky/table.csv', table([1]));
    await expect(plan({ keep: ['object', 'tract'] })).rejects.toThrow(/there is no column tract to keep.*object/);
    await expect(store.head('runs/run/manifest.json')).resolves.toBeUndefined();
  });

  it('reads no other version than the one that was planned, of the table either', async () => {
    await store.put('sky/1.fits', image(1));
    await store.put('sky/table.csv', table([1]));
    const { manifest } = await plan({});
    await store.put('sky/table.csv', `${table([1])}\n2,3,4,5,6,7,8`);
    await expect(rowsOf(manifest)).rejects.toThrow(/it was changed after the run was planned/);
  });
});

it('a run has one type for what it keeps, whatever each rank’s own files have', async () => {
  const galaxy = (dtype: 'I32' | 'I64') => {
    const arrays = { images: ['F32', 5, SIDE, SIDE], magnitudes: ['F32', 5], tract: [dtype] } as const;
    let end = 0;
    const described = Object.entries(arrays).map(([name, [type, ...shape]]) => {
      const start = end;
      end += shape.reduce((product, size) => product * size, type === 'I64' ? 8 : 4);
      return [name, { dtype: type, shape: [1, ...shape], data_offsets: [start, end] }] as const;
    });
    const header = Buffer.from(JSON.stringify(Object.fromEntries(described)));
    const length = Buffer.alloc(8);
    length.writeUInt32LE(header.length);
    return Buffer.concat([length, header, Buffer.alloc(end)]);
  };
  await store.put('sky/1.safetensors', galaxy('I32'));
  await store.put('sky/2.safetensors', galaxy('I64'));
  const { manifest } = await plan({ world_size: 2, keep: 'tract' });
  expect((await rowsOf(manifest)).map((row) => row.tract)).toEqual([0n, 0n]);
});

describe('verify of a run over a folder of cutouts', () => {
  it('takes one that could not be read for untouched, and finds another that is damaged since', async () => {
    const path = (name: number) => join(root, `sky/cutout_${name}.fits`);
    const put = async (name: number, bytes: Buffer) => {
      await store.put(`sky/cutout_${name}.fits`, bytes);
      await utimes(path(name), 1000, 1000);
    };
    for (const name of [5, 9]) await put(name, image(name));
    await put(3, image(3).subarray(0, 4000));
    await store.put('sky/table.csv', table([5, 3, 9]));
    const { answer, manifest } = await plan({ world_size: 2 });
    expect((await rowsOf(manifest)).map(({ flags }) => Number(flags) & 1)).toEqual([0, 1, 0]);
    const { bucket: at, result_path: resultPath, run_id: runId } = answer.run;
    const verified = async () => {
      const { findings, notes } = await verifyRun({
        place: { bucket: at, resultPath, runId },
        openData: (task) => openStore(task.DATA_BUCKET),
        modelSha256: () => Promise.resolve(undefined),
      });
      return { inputs: findings.filter(({ mend }) => mend === 'restore').map(({ what }) => what), notes };
    };
    const untouched = {
      inputs: [],
      notes: expect.arrayContaining([expect.stringMatching(/^1 cutout .*cutout_3\.fits/)]) as unknown,
    };
    expect(await verified()).toMatchObject(untouched);
    // As a disk that rots: neither size nor time tell it.
    await writeFile(path(9), Buffer.alloc(image(9).length));
    await utimes(path(9), 1000, 1000);
    expect(await verified()).toMatchObject({ ...untouched, inputs: ['sky/cutout_9.fits'] });
    await put(3, image(3));
    expect((await verified()).inputs).toEqual(expect.arrayContaining(['sky/cutout_3.fits']));
  });
});
