import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLayout, UserInputError, type RankReference } from '@cosmicai/payload';
import { fileStore, listAll, type ObjectStore } from '@cosmicai/store';
import { PlanWriter, readItems, readReference, readReferences, rewritePlan } from '../src/index.ts';

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
    await writer.finish();

    const bytes = await store.get(layout.manifest);
    expect(JSON.parse(bytes.toString())).toEqual(tasks);
    const references = JSON.parse((await store.get(layout.items)).toString()) as RankReference[];
    expect(
      references.map(({ FROM, TO, ...own }) => [own, JSON.parse(bytes.subarray(FROM, TO).toString()) as object]),
    ).toEqual(
      tasks.map((each) => [
        { S3_BUCKET: 'galaxies', RUN_ID: 'run-1', RANK: each.RANK, MANIFEST: layout.manifest },
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
