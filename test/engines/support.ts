import { cpSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine, EngineContext } from '../../packages/engine/src/index.ts';
import type { EngineUnderTest } from '../../packages/engine/src/conformance.ts';
import { fileStore } from '../../packages/store/src/index.ts';
import { writeSurvey } from '../../packages/survey/src/index.ts';
import { samplesPerPartition } from '../../packages/torchfile/src/index.ts';

/** Bytes of a partition: some twenty galaxies. */
const PARTITION_BYTES = 500_000;
const MOST_RANKS = 4;

/** Writes `1.pt` to `4.pt` into a folder, which it makes; answers how many galaxies each has. */
export async function writePartitions(folder: string): Promise<number[]> {
  mkdirSync(folder);
  const options = {
    count: MOST_RANKS * samplesPerPartition(PARTITION_BYTES),
    seed: 7,
    partitionBytes: PARTITION_BYTES,
  };
  return (await writeSurvey(fileStore(folder), '', options)).map(({ galaxies }) => galaxies);
}

/** What an engine may know of a process that stands in a folder and shows nothing. */
export function contextIn(cwd: string, model: string): EngineContext {
  return {
    cwd,
    environment: {},
    signal: new AbortController().signal,
    say: () => undefined,
    progress: () => ({ update: () => undefined, done: () => undefined }),
    modelAt: (asked = model) => asked,
  };
}

/** An engine of this machine under test, with partitions and results in a folder of its own. */
export async function onThisMachine(model: string, open: (context: EngineContext) => Engine): Promise<EngineUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'cosmicai-engine-'));
  const galaxies = await writePartitions(join(folder, 'survey'));
  let runs = 0;
  return {
    engine: open(contextIn(folder, model)),
    folder,
    request: (ranks) => {
      const own = join(folder, `run-${++runs}`);
      const partition = (rank: number) => join(own, 'data', `${rank + 1}.pt`);
      for (let rank = 0; rank < ranks; rank++) cpSync(join(folder, 'survey', `${rank + 1}.pt`), partition(rank));
      const changes = { data: join(own, 'data'), results: join(own, 'results'), worldSize: ranks, batchSize: 8 };
      return Promise.resolve({
        request: { changes },
        galaxies: galaxies.slice(0, ranks).reduce((sum, each) => sum + each, 0),
        spoil: (rank) =>
          Promise.resolve({
            see: (event) => {
              if (event.type === 'MapRunStarted') renameSync(partition(rank), join(own, 'away.pt'));
            },
            undo: () => rename(join(own, 'away.pt'), partition(rank)),
          }),
      });
    },
    idle: () => Promise.resolve(),
    close: () => rm(folder, { recursive: true }),
  };
}
