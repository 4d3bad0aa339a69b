/** What sweeps' tests set up alike, whichever target they run at. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Simulate, SweepExecution, SweepRun } from '../packages/bench/src/index.ts';

export const ENDED: SweepExecution = { status: 'SUCCEEDED', error: undefined, cause: undefined, figures: undefined };

export function sweepRun(changes: Partial<SweepRun> = {}): SweepRun {
  return { world_size: 2, batch_size: 8, data_size: null, partition_size: null, repeat: 1, ...changes };
}

/** A sweep's folder, new for each test, and surveys that are noted instead of drawn. */
export class SweepFolder {
  path = '';
  /** Count, seed and size of partitions. */
  simulated: string[] = [];

  /** Registers what makes it ready before each test and removes it after. */
  constructor() {
    beforeEach(async () => {
      this.path = await mkdtemp(join(tmpdir(), 'cosmicai-targets-'));
      this.simulated = [];
    });
    afterEach(() => rm(this.path, { recursive: true }));
  }

  readonly simulate: Simulate = async ({ count, seed, partitionSize, out }) => {
    this.simulated.push(`${count} ${seed} ${partitionSize}`);
    await mkdir(out, { recursive: true });
  };
}
