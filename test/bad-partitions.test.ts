import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { existingSource } from '../packages/cli/src/inputs/files.ts';
import { predictPartition, runRank, type LeasedModel } from '../packages/inference/src/index.ts';
import { ASTROMAE, CosmicError, manifestSchema } from '../packages/payload/src/index.ts';
import { openStore } from '../packages/store/src/index.ts';
import { openGalaxies } from '../packages/samples/src/index.ts';
import { initialize } from '../services/init/src/initialize.ts';
import { BAD_FOLDERS } from './bad-partitions/index.ts';
import type { BadFolder } from './bad-partitions/making.ts';

/** Where the folders are left to be tried by hand; default: nowhere. */
const KEEP = process.env.BAD_PARTITIONS;

let root: string;
beforeAll(async () => {
  root = KEEP ?? (await mkdtemp(join(tmpdir(), 'cosmicai-bad-')));
  await mkdir(root, { recursive: true });
});
afterAll(async () => {
  if (KEEP === undefined) await rm(root, { recursive: true });
});

/** Answers what any model answers: one number for each galaxy. */
const model = {
  sha256: '0'.repeat(64),
  predictor: {
    workers: 1,
    contract: {
      batch: null,
      spec: ASTROMAE,
      answer: { kind: 'value', outputs: [{ name: 'redshift', type: 'float32', values: 1 }], width: 1 },
    },
    predict: async ({ count }: { readonly count: number }) => new Float32Array(count).fill(0.1),
    close: async () => undefined,
  },
  warnings: [],
  [Symbol.dispose]: () => undefined,
} as unknown as LeasedModel;

/** What `run` does, in this process: plan, then every rank. */
async function run(folder: string): Promise<{ samples: number; warnings: readonly string[] }> {
  const results = pathToFileURL(`${folder}-results`).href;
  await mkdir(`${folder}-results`, { recursive: true });
  const answer = await initialize(
    { bucket: results, data_bucket: pathToFileURL(folder).href },
    { openStore: (address: string) => openStore(address), now: () => new Date(0), newRunId: () => 'run' },
  );
  let samples = 0;
  for (const task of manifestSchema.parse(answer.body)) {
    const rank = await runRank(task, {
      openStore: (address) => openStore(address),
      loadModel: async () => model,
      monotonic: () => performance.now(),
      now: () => new Date(0),
      coldStart: false,
      cpuSeconds: () => 0,
      peakRssMb: () => 0,
      memoryLimitMb: null,
      architecture: 'x86_64',
    });
    samples += rank.samples;
  }
  return { samples, warnings: answer.warnings };
}

/** What `infer` does with a file, in this process. */
async function infer(file: string): Promise<{ samples: number; said: string | undefined }> {
  const partition = await openGalaxies(await existingSource(file, root));
  let samples = 0;
  for await (const { count } of predictPartition(partition, model.predictor, { batchSize: 4 })) samples += count;
  return { samples, said: partition.unchecked() };
}

async function resultOf<Result>(work: Promise<Result>): Promise<Result | Error> {
  return work.catch((error: unknown) => error as Error);
}

describe(`${BAD_FOLDERS.length} folders that are wrong in some way`, () => {
  it.each(BAD_FOLDERS)('$kind: right, warned of, or refused by name', async ({ kind, make, outcome }: BadFolder) => {
    const folder = join(root, kind.replaceAll(/[^A-Za-z0-9.-]+/g, ' '));
    await mkdir(folder);
    await make(folder);
    const ran = await resultOf(run(folder));
    const inferred = await resultOf(infer(join(folder, '1.pt')));

    if ('refused' in outcome) {
      // Ours, and one sentence to whoever can mend it; a stranger's error would be shown with its stack trace.
      expect(ran).toBeInstanceOf(CosmicError);
      expect((ran as Error).message).toMatch(outcome.refused);
      expect((ran as Error).message).toMatch(/1\.pt|No partition files/);
      expect(inferred).toBeInstanceOf(CosmicError);
      if (!(ran as Error).message.includes('No partition files'))
        expect((inferred as Error).message).toMatch(outcome.refused);
      return;
    }
    const { samples, warns, inferSays } = outcome;
    expect(ran).toMatchObject({ samples });
    const { warnings } = ran as Awaited<ReturnType<typeof run>>;
    expect(warnings).toEqual(warns === undefined ? [] : [expect.stringMatching(warns)]);
    if (kind === 'latest -> v1') return;
    expect(inferred).toMatchObject({ samples });
    expect((inferred as Awaited<ReturnType<typeof infer>>).said ?? '').toMatch(inferSays ?? /^$/);
  });
});
