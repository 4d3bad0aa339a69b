import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidInputError, PlanChangedError, UserInputError } from '@cosmicai/payload';
import { fileStore, NotFoundError, sha256Of, type ObjectStore } from '@cosmicai/store';
import { rankTaskOf } from '../src/index.ts';

let folder: string;
let store: ObjectStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-rank-item-'));
  store = fileStore(folder);
  await store.put('manifest.json', text);
});
afterAll(() => rm(folder, { recursive: true }));

const task = (rank: number) => ({
  ...{ S3_BUCKET: 'galaxies', WORLD_SIZE: '2', RANK: String(rank), DATA_BUCKET: 'galaxies', RUN_ID: 'run-1' },
  ...{ DATA_PATH: ['1.pt', '2.pt'], RESULT_PATH: 'out', BATCH_SIZE: 8 },
});
const second = JSON.stringify(task(1));
const text = `[${JSON.stringify(task(0))},${second}]`;
const reference = {
  ...{ S3_BUCKET: 'galaxies', RUN_ID: 'run-1', RANK: '1', MANIFEST: 'manifest.json' },
  ...{ FROM: text.length - 1 - second.length, TO: text.length - 1 },
};
const taskOf = (item: unknown) => rankTaskOf(item, () => store);

describe('rankTaskOf', () => {
  it('takes a task with its files in it', async () => {
    expect(await taskOf({ ...task(0), DATA_PATH: null })).toMatchObject({ RANK: 0, DATA_PATH: [] });
  });

  it('reads the task that a reference leads to', async () => {
    const found = await taskOf(reference);
    expect(found).toMatchObject({ RANK: 1, WORLD_SIZE: 2, DATA_PATH: ['1.pt', '2.pt'] });
    expect(found).not.toHaveProperty('FROM');
  });

  it('lets what else the reference says count', async () => {
    expect(await taskOf({ ...reference, FMI_ENABLED: false, BATCH_SIZE: 16 })).toMatchObject({
      FMI_ENABLED: false,
      BATCH_SIZE: 16,
    });
  });

  it.each([
    ['another rank', { RANK: '0' }],
    ['another run', { RUN_ID: 'run-2' }],
    ['a part of a task', { FROM: reference.FROM + 1 }],
    ['beyond the end', { FROM: 10_000, TO: 11_000 }],
    ['nothing', { TO: reference.FROM }],
  ])('refuses a reference that leads to %s', async (_, wrong) => {
    await expect(taskOf({ ...reference, ...wrong })).rejects.toThrow(UserInputError);
    await expect(taskOf({ ...reference, ...wrong })).rejects.toThrow(/no task of rank . of run run-. in bytes/);
  });

  it('refuses a task that was changed after it was planned, though it is of that rank still', async () => {
    const TASK_HASH = sha256Of(second).slice(0, 16);
    expect(await taskOf({ ...reference, TASK_HASH })).toMatchObject({ RANK: 1 });
    expect(await taskOf({ ...reference, TASK_HASH })).not.toHaveProperty('TASK_HASH');
    await store.put('edited.json', text.replaceAll('2.pt', '3.pt'));
    const edited = { ...reference, MANIFEST: 'edited.json', TASK_HASH };
    await expect(taskOf(edited)).rejects.toThrow(PlanChangedError);
    await expect(taskOf(edited)).rejects.toThrow(
      /^edited.json in galaxies .* the task of rank 1 of run run-1, bytes \d+ to \d+, has/,
    );
  });

  it('says the same where the manifest was edited to another length, of the task and of those behind it', async () => {
    const TASK_HASH = '0'.repeat(16);
    await store.put('longer.json', ` ${text}`);
    await expect(taskOf({ ...reference, MANIFEST: 'longer.json', TASK_HASH })).rejects.toThrow(
      /^longer.json in galaxies is not what was planned: .* Put it back as it was, or start a new run\.$/,
    );
  });

  it('says what a reference lacks, and when there is no manifest', async () => {
    await expect(taskOf({ ...reference, TO: 'end' })).rejects.toThrow(InvalidInputError);
    await expect(taskOf({ ...reference, MANIFEST: 'gone.json' })).rejects.toThrow(NotFoundError);
    await expect(taskOf({ RANK: '0' })).rejects.toThrow('rank task');
  });
});
