import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RemoteError, type FmiPingAnswer, type FmiPingTask } from '@cosmicai/payload';
import { fileStore, type ObjectStore } from '@cosmicai/store';
import { pingStage } from '../src/ping/ping-stage.ts';
import type { Invocation } from '../src/services/function-service.ts';

const OPENER = 'cosmicai-init-dev-initFmi';
const RANK = 'cosmicai-inference-dev-inference';
let folder: string;
let store: ObjectStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cosmicai-ping-'));
  store = fileStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

const REPORT =
  'REPORT RequestId: 1\tDuration: 5.00 ms\tBilled Duration: 818 ms\tMemory Size: 3008 MB\tMax Memory Used: 90 MB\tInit Duration: 812.40 ms\t\n';

/** A rank that has met all others. */
function met(rank: number): FmiPingAnswer {
  const took = { ok: true, ms: 1 };
  return {
    rank,
    steps: [
      { step: 'authenticate', ...took },
      { step: 'collectives', ...took },
    ],
    barrierMs: 1,
    slowestLinkMs: 2,
    pairs: [],
    collectives: [{ operation: 'barrier', ...took }],
  };
}

/** A stage whose functions answer as told; `asked` has what they were asked. */
function stageOf(answerOf: (rank: number) => Partial<Invocation>, opened: Partial<Invocation> = {}) {
  const asked: { readonly functionName: string; readonly task: FmiPingTask['fmi_ping'] }[] = [];
  const invoke = async (functionName: string, payload: unknown): Promise<Invocation> => {
    const { fmi_ping: task } = payload as FmiPingTask;
    asked.push({ functionName, task });
    const base = { requestId: 'request', log: REPORT };
    if (functionName === RANK) return { ...base, ...answerOf(Number(task.rank)) };
    const key = `results/runs/${String(task.ping_id)}/rendezvous-key`;
    await store.put(key, 'a key');
    // Where the ping meets at the stage's own server.
    const found = task.world_size === undefined ? {} : { endpoint: '203.0.113.7:10000' };
    return { ...base, answer: { statusCode: 200, ping_id: task.ping_id, key, ...found }, ...opened };
  };
  const stage = {
    functions: { invoke },
    opener: OPENER,
    rank: RANK,
    store,
    bucket: 'galaxies',
    resultPath: 'results',
    memoryMiB: 3008,
    checkMeetsHere: () => undefined,
  };
  return { stage, asked };
}

const OPTIONS = {
  worldSize: 3,
  rendezvous: undefined,
  path: 'direct',
  hint: 'fast',
  encrypt: true,
  signal: new AbortController().signal,
} as const;

async function keysLeft(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('results/')) keys.push(key);
  return keys;
}

describe('a ping on a stage', () => {
  it('opens a world of its own, calls a function for each rank, and takes the key away again', async () => {
    const { stage, asked } = stageOf((rank) => ({ answer: met(rank) }));
    const report = await pingStage(stage, OPTIONS);
    expect(report).toMatchObject({
      ok: true,
      worldSize: 3,
      ownServer: false,
      rendezvous: { host: '203.0.113.7', port: 10_000 },
      setUpMs: 3,
    });
    expect(report.steps[0]).toMatchObject({
      step: 'invoke',
      ok: true,
      detail: expect.stringMatching(/^cold start of \d/),
    });
    expect(asked.map(({ functionName }) => functionName)).toEqual([OPENER, RANK, RANK, RANK]);
    expect(new Set(asked.map(({ task }) => task.ping_id)).size).toBe(1);
    expect(asked.slice(1).map(({ task }) => task)).toEqual(
      [0, 1, 2].map((rank): unknown =>
        expect.objectContaining({ rank, world_size: 3, encrypt: true, rendezvous_endpoint: '203.0.113.7:10000' }),
      ),
    );
    expect(await keysLeft()).toEqual([]);
  });

  it('goes to the server that is named instead', async () => {
    const { stage, asked } = stageOf((rank) => ({ answer: met(rank) }));
    await pingStage(stage, { ...OPTIONS, worldSize: 1, rendezvous: 'other.example.org:1' });
    expect(asked.at(-1)!.task.rendezvous_endpoint).toBe('other.example.org:1');
    expect(asked[0]!.task).not.toHaveProperty('world_size');
  });

  it('says which ranks were never played, and why', async () => {
    const { stage } = stageOf((rank) => {
      if (rank === 0) return { answer: met(0) };
      if (rank === 1) return { error: 'Runtime.OutOfMemory', cause: 'signal: killed' };
      throw new RemoteError('AWS did not call the function: TooManyRequestsException: Rate Exceeded.');
    });
    const report = await pingStage(stage, OPTIONS);
    expect(report).toMatchObject({ ok: false, failedStep: 'invoke', setUpMs: null });
    expect(report.steps[0]!.detail!.split('\n')).toEqual([
      'rank 1: Runtime.OutOfMemory: signal: killed',
      'rank 2: AWS did not call the function: TooManyRequestsException: Rate Exceeded.',
    ]);
    expect(await keysLeft()).toEqual([]);
  });

  it('counts an answer that is none as a rank that was never played', async () => {
    const report = await pingStage(stageOf(() => ({ answer: { status: 'succeeded' } })).stage, OPTIONS);
    expect(report.steps[0]).toMatchObject({
      step: 'invoke',
      ok: false,
      detail: expect.stringContaining('steps: found'),
    });
  });

  it('says that a stage of an older version knows no ping', async () => {
    const old = { answer: undefined, error: 'InvalidInputError', cause: 'input of CheckRendezvous has 1 problem' };
    const { stage, asked } = stageOf((rank) => ({ answer: met(rank) }), old);
    await expect(pingStage(stage, OPTIONS)).rejects.toThrow(/has 1 problem.*deploy the stage again/);
    expect(asked).toHaveLength(1);
  });
});
