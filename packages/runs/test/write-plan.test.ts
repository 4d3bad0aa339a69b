import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PlanChangedError, runLayout, UserInputError, type RankReference, type RunRecord } from '@cosmicai/payload';
import { fileStore, listAll, sha256Of, type ObjectStore } from '@cosmicai/store';
import {
  checkPlanFiles,
  checkReferences,
  PlanWriter,
  readItems,
  readPlan,
  readRecord,
  readReference,
  readReferences,
  recordText,
  rewritePlan,
  verifyRun,
} from '../src/index.ts';

const layout = runLayout('out', 'run-1');
let folder: string;
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-plan-'));
  store = fileStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

/** Keys of several lengths in bytes, which aren't their lengths in characters. */
const task = (rank: number) => ({
  S3_BUCKET: 'galaxies',
  WORLD_SIZE: '40',
  RANK: String(rank),
  DATA_BUCKET: 'galaxies',
  DATA_PATH: `${'é'.repeat(rank * 500)}.pt`,
  RESULT_PATH: 'out',
  BATCH_SIZE: 8,
  RUN_ID: 'run-1',
});
const tasks = Array.from({ length: 40 }, (_, rank) => task(rank));

describe('PlanWriter', () => {
  it('writes a JSON array of tasks, and where in it each lies', async () => {
    await using writer = new PlanWriter(store, layout);
    const sizes: number[] = [];
    for (const each of tasks) sizes.push(await writer.add(each));
    // Half of it would lead ranks into nothing.
    expect((await listAll(store, '')).objects).toEqual([]);
    await writer.end();
    await writer.finish();

    const bytes = await store.get(layout.manifest);
    expect(JSON.parse(bytes.toString())).toEqual(tasks);
    const references = JSON.parse((await store.get(layout.items)).toString()) as RankReference[];
    expect(
      references.map(({ FROM, TO, ...own }) => [own, JSON.parse(bytes.subarray(FROM, TO).toString()) as object]),
    ).toEqual(
      tasks.map((each) => [
        {
          ...{ S3_BUCKET: 'galaxies', RUN_ID: 'run-1', RANK: each.RANK, MANIFEST: layout.manifest },
          TASK_HASH: sha256Of(JSON.stringify(each)).slice(0, 16),
        },
        each,
      ]),
    );
    expect(references.map(({ FROM, TO }) => TO - FROM)).toEqual(sizes);
  });

  it('leaves nothing when it is given up', async () => {
    {
      await using writer = new PlanWriter(store, layout);
      await writer.add(task(0));
    }
    expect((await listAll(store, '')).objects).toEqual([]);
  });
});

it('reads references by rank, of a plan that was written anew too', async () => {
  expect(await readReferences(store, layout)).toBeUndefined();
  await rewritePlan(store, layout, tasks.slice(0, 2));
  const before = await readReferences(store, layout);
  await rewritePlan(store, layout, [{ ...task(0), BATCH_SIZE: 1024 }, task(1)]);
  const after = await readReferences(store, layout);

  expect([...after!.keys()]).toEqual([0, 1]);
  expect(after!.get(1)!.FROM).toBe(Number(before!.get(1)!.FROM) + 3);
  expect((await readItems(store, layout.manifest)).manifest[0]!.BATCH_SIZE).toBe(1024);
});

it.each([1, 2, 40])('finds one reference of %i without the others', async (count) => {
  await rewritePlan(store, layout, tasks.slice(0, count));
  const all = await readReferences(store, layout);
  for (const place of [0, count - 1, Math.floor(count / 2)])
    expect(await readReference(store, layout, place)).toEqual(all!.get(place));
  await expect(readReference(store, layout, count)).rejects.toThrow(UserInputError);
  await expect(readReference(store, layout, 999_999)).rejects.toThrow(/no rank at place 999999 in/);
});

describe('a plan with its record', () => {
  const place = { bucket: 'galaxies', resultPath: 'out', runId: 'run-1' };
  const record: RunRecord = {
    run: {
      ...{ run_id: 'run-1', bucket: 'galaxies', result_path: 'out', manifest_key: layout.manifest },
      ...{ map_prefix: layout.map, world_size: 2, ranks_with_data: 2, max_concurrency: 9 },
      ...{ tolerated_failure_percentage: 0, fmi_enabled: false, rendezvous_endpoint: null },
    },
    ...{ created_at: '2026-03-04T05:06:07.000Z', payload: {}, warnings: ['one'], partitions: { files: 2, bytes: 2 } },
  };
  beforeEach(async () => {
    await store.put(layout.run, recordText(record));
    await rewritePlan(store, layout, tasks.slice(0, 2), { warnings: ['two'] });
  });
  const edit = async (key: string, from: string, to: string) =>
    await store.put(key, (await store.get(key)).toString().replace(from, to));

  it('is read as it was written, and so is one of an earlier version', async () => {
    const plan = await readPlan(store, place);
    expect(plan.record).toMatchObject({ warnings: ['two'], planned_files: {} });
    expect(plan.manifest).toHaveLength(2);
    await checkReferences(store, layout, plan.record);
    await store.put(layout.run, JSON.stringify(record));
    await edit(layout.manifest, '"BATCH_SIZE":8', '"BATCH_SIZE":9');
    await store.delete(layout.items);
    const earlier = await readPlan(store, place);
    expect(earlier.manifest[0]!.BATCH_SIZE).toBe(9);
    await checkReferences(store, layout, earlier.record);
  });

  it('is read line by line, as long as it is laid out so', async () => {
    await rewritePlan(store, layout, tasks);
    const byLine: ObjectStore = Object.assign(Object.create(store) as ObjectStore, {
      get: (key: string) => (key === layout.manifest ? Promise.reject(new Error('read as a whole')) : store.get(key)),
      stream: (key: string) => store.stream(key),
    });
    const { manifest } = await readPlan(byLine, place);
    expect(manifest.map(({ RANK, DATA_PATH }) => [RANK, DATA_PATH])).toEqual(
      tasks.map(({ DATA_PATH }, rank) => [rank, [DATA_PATH]]),
    );
    await store.put(layout.run, JSON.stringify(record));
    for (const text of [JSON.stringify(tasks), JSON.stringify(tasks, null, 1), `${JSON.stringify([tasks[0]])}\n`]) {
      await store.put(layout.manifest, text);
      expect((await readPlan(store, place)).manifest[0]).toEqual(manifest[0]);
    }
    await store.put(layout.manifest, '[{"RANK":"0"},\n7]');
    await expect(readPlan(store, place)).rejects.toThrow(/manifest\.json has \d+ problems/);
    await store.put(layout.manifest, '[]');
    await expect(readPlan(store, place)).rejects.toThrow(/at least one rank task/);
  });

  it('is refused when its manifest, its record or its references were edited to the same length', async () => {
    await edit(layout.manifest, '"BATCH_SIZE":8', '"BATCH_SIZE":9');
    await expect(readPlan(store, place)).rejects.toThrow(PlanChangedError);
    await expect(readPlan(store, place)).rejects.toThrow(/manifest.json is not what was planned: its SHA-256/);
    const { planned_files: planned } = await readRecord(store, layout);
    await expect(readItems(store, layout.manifest, planned!.manifest)).rejects.toThrow(PlanChangedError);
    await edit(layout.run, '"one"', '"two"');
    await edit(layout.run, '"max_concurrency": 9', '"max_concurrency": 8');
    await expect(readRecord(store, layout)).rejects.toThrow(/run.json is not what was planned: its seal is broken/);
  });

  it('is refused when its references were edited, or are gone', async () => {
    const { record: known } = await readPlan(store, place);
    await edit(layout.items, '"RANK":"0"', '"RANK":"1"');
    await expect(checkReferences(store, layout, known)).rejects.toThrow(/items.json is not what was planned/);
    await expect(readReferences(store, layout, known.planned_files!.items)).rejects.toThrow(PlanChangedError);
    const whatIsWrong = async () => {
      const here = { ...place, bucket: pathToFileURL(folder).href };
      const { findings } = await verifyRun({
        ...{ place: here, openData: () => store, modelSha256: () => Promise.resolve(undefined) },
      });
      return findings.filter(({ mend }) => mend === 'replan');
    };
    // Before there is a proof that lists it.
    expect(await whatIsWrong()).toEqual([
      { what: layout.items, problem: 'is not what was planned: its SHA-256 is another', mend: 'replan' },
    ]);
    await store.delete(layout.items);
    await expect(checkReferences(store, layout, known)).rejects.toThrow(/items.json .* it is gone/);
    await expect(checkPlanFiles(store, layout, known)).rejects.toThrow(/items.json .* it is gone/);
    expect(await whatIsWrong()).toMatchObject([{ what: layout.items, problem: 'is not what was planned: it is gone' }]);
  });
});
