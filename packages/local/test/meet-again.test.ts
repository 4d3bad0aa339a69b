import { meetAgain } from '../src/engine/meet-again.ts';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FinishedChild, JsonObject, ResumePoint } from '../src/index.ts';
import { runLayout } from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';

const layout = runLayout('out', 'run-1');
const OLD = '127.0.0.1:1111';
const NEW = '127.0.0.1:2222';
let folder: string;
let store: ObjectStore;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosmicai-meet-again-'));
  store = fileStore(folder);
  said = [];
  await store.put(layout.manifest, JSON.stringify(items));
});
afterEach(() => rm(folder, { recursive: true }));

/** Four ranks; rank 1 has no data and so no place in the meeting. */
const items: JsonObject[] = [0, 1, 2, 3].map((rank) => ({
  S3_BUCKET: 'galaxies',
  WORLD_SIZE: '4',
  RANK: String(rank),
  DATA_BUCKET: 'galaxies',
  DATA_PREFIX: '',
  DATA_PATH: rank === 1 ? null : `${rank}.pt`,
  RESULT_PATH: 'out',
  BATCH_SIZE: 8,
  RUN_ID: 'run-1',
  ...(rank !== 1 && {
    ...{ FMI_ENABLED: true, RENDEZVOUS_ENDPOINT: OLD, FMI_WORLD_SIZE: 3, FMI_RANK: [0, 2, 3].indexOf(rank) },
  }),
}));
const run = {
  ...{ run_id: 'run-1', bucket: 'galaxies', result_path: 'out', manifest_key: layout.manifest, map_prefix: layout.map },
  ...{ world_size: 4, ranks_with_data: 3, max_concurrency: 10, tolerated_failure_percentage: 0 },
  ...{ fmi_enabled: true, rendezvous_endpoint: OLD },
};

function after(finished: readonly number[], input: JsonObject): ResumePoint {
  const children = finished.map((rank): [number, FinishedChild] => [
    rank,
    { name: `child-${rank}`, input: items[rank]!, output: null, startedAt: 0, stoppedAt: 1 },
  ]);
  return { state: 'Infer', input, finished: new Map([['Infer', new Map(children)]]) };
}

/** The order of the deployed state machine. */
const definition: JsonObject = {
  StartAt: 'Initialize',
  States: {
    Initialize: { Type: 'Task', Next: 'FmiEnabled' },
    FmiEnabled: { Type: 'Choice', Choices: [{ Next: 'CheckRendezvous' }], Default: 'Infer' },
    CheckRendezvous: { Type: 'Task', Catch: [{ Next: 'RendezvousFailed' }], Next: 'Infer' },
    RendezvousFailed: { Type: 'Fail' },
    Infer: { Type: 'Map', Catch: [{ Next: 'Summarize' }], Next: 'Summarize' },
    Summarize: { Type: 'Task', End: true },
  },
};

const plan = (point: ResumePoint, options: { endpoint?: string | undefined; concurrency?: number } = {}) =>
  meetAgain(point, {
    ...{ definition, endpoint: NEW, secret: 'a secret of the rendezvous server', concurrency: 8, ...options },
    openStore: () => store,
    say: (line) => said.push(line),
  });
const manifest = async () => JSON.parse((await store.get(layout.manifest)).toString()) as JsonObject[];

describe('meetAgain', () => {
  it('gives the ranks that are left new places, and leaves those that have finished as they were', async () => {
    const input = await plan(after([0], { run, warnings: [] }));

    expect(input).toEqual({ run: { ...run, rendezvous_endpoint: NEW }, warnings: [] });
    const renewed = await manifest();
    expect(renewed.slice(0, 2)).toEqual(items.slice(0, 2));
    const place = (at: number) => ({
      ...{ ...items[at]!, RENDEZVOUS_ENDPOINT: NEW, FMI_WORLD_SIZE: 2, FMI_RANK: at - 2 },
      FMI_GROUP: expect.stringMatching(/^resumed-/) as unknown,
    });
    expect(renewed.slice(2)).toEqual([place(2), place(3)]);
    expect(renewed[2]!.FMI_GROUP).toBe(renewed[3]!.FMI_GROUP);
    expect((await store.get(layout.rendezvousKey)).toString()).toMatch(/^[0-9a-f]{64}$/);
    expect((await stat(join(folder, layout.rendezvousKey))).mode & 0o777).toBe(0o600);
    expect(said).toEqual(['The ranks that are left meet without those that had finished: 0.']);
  });

  it('keeps a server that is not of this attempt, under a name of its own each time', async () => {
    await plan(after([], { run }), { endpoint: undefined });
    const [first] = await manifest();
    await plan(after([], { run }), { endpoint: undefined });
    const [second] = await manifest();

    expect(first).toMatchObject({ RENDEZVOUS_ENDPOINT: OLD, FMI_WORLD_SIZE: 3, FMI_RANK: 0 });
    expect(second!.FMI_GROUP).not.toBe(first!.FMI_GROUP);
    expect(said).toEqual([]);
  });

  it.each([
    ['all have met before', [2], 8, 'All ranks have met before'],
    ['they can’t all run at once', [], 2, 'only 2 can'],
  ])('leaves the meeting out when %s', async (_, finished, concurrency, reason) => {
    if (concurrency === 8) await store.put(layout.fmi, '{}');

    await plan(after(finished, { run }), { concurrency });

    expect(said).toEqual([expect.stringContaining(reason)]);
    const enabled = (await manifest()).map((item) => item.FMI_ENABLED);
    expect(enabled).toEqual([false, undefined, finished.length > 0, false]);
  });

  it.each([
    ['Initialize', true],
    ['FmiEnabled', true],
    ['CheckRendezvous', true],
    ['Summarize', false],
  ])('plans a meeting for ranks that are still to come: %s, %p', async (state, comes) => {
    const point = { state, input: { run }, finished: new Map() };
    expect(await plan(point)).toEqual({ run: { ...run, rendezvous_endpoint: comes ? NEW : OLD } });
    expect((await manifest())[0]).toMatchObject({ RENDEZVOUS_ENDPOINT: comes ? NEW : OLD });
  });

  it('finds what Initialize answered under a name, tasks inline included', async () => {
    const input = (await plan(after([], { initialized: { run, body: items }, other: 1 }))) as JsonObject;

    expect(input).toEqual({
      initialized: { run: { ...run, rendezvous_endpoint: NEW }, body: await manifest() },
      other: 1,
    });
  });

  it.each([
    [
      'a payload, for Initialize to plan the meeting',
      { fmi_enabled: true },
      { fmi_enabled: true, rendezvous_endpoint: NEW },
    ],
    [
      'a run without a meeting as it is',
      { run: { ...run, fmi_enabled: false } },
      { run: { ...run, fmi_enabled: false } },
    ],
    ['any other input as it is', { anything: [1] }, { anything: [1] }],
  ])('passes %s', async (_, input: JsonObject, wanted) => {
    expect(await plan(after([], input))).toEqual(wanted);
    expect(await manifest()).toEqual(items);
  });
});
