/* What cosmicai array slurm writes, in a Slurm of this one machine. */
import { chmodSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { demoModel } from '@cosmicai/demo-model';
import { layoutOf, openPlace, ranksInStore, readItems } from '@cosmicai/runs';
import { runSummarySchema } from '@cosmicai/payload';
import { openFunctions, planOfArray, slurmFiles, writeJob } from '../src/index.ts';
import { plannedRun } from './support/made-run.ts';
import { oneNodeSlurm, whyNoSlurm } from './support/one-node-slurm.ts';

const root = resolve(import.meta.dirname, '../../..');
const reason = whyNoSlurm();
if (reason !== undefined) console.warn(`Jobs for Slurm are not run: ${reason}`);

(reason === undefined ? it : it.skip)(
  'runs an array on Slurm, a task of which is queued again, and combines it',
  async () => {
    // Sockets have short names.
    const folder = await mkdtemp('/tmp/cosmicai-slurm-');
    try {
      const bin = join(folder, 'bin');
      await mkdir(bin);
      const command = join(bin, 'cosmicai');
      await writeFile(command, `#!/bin/bash\nexec '${process.execPath}' '${root}/scripts/cosmicai.mjs' "$@"\n`);
      chmodSync(command, 0o755);
      await using functions = await openFunctions({ model: demoModel() });
      const { place, ranks } = await plannedRun(folder, 14, functions);
      const job = {
        ...(await planOfArray(place, { path: demoModel(), arguments: [] })),
        image: '',
        cpus: 1,
        memory: 1024,
      };
      await writeJob(join(folder, 'job'), slurmFiles(job));
      await mkdir(join(folder, 'slurm'));
      await using slurm = await oneNodeSlurm(join(folder, 'slurm'), bin);

      await slurm.command(join(folder, 'job/submit.sh'));
      const tasks = (state: string) => slurm.command('squeue', '--noheader', '--array', '--states', state);
      while (!(await tasks('R')).includes('1_0 ')) await setTimeout(50);
      await slurm.command('scontrol', 'requeue', '1_0');
      // A task that is queued again waits two minutes, unless it is let go.
      while (!(await tasks('PD')).includes('1_0 ')) await setTimeout(50);
      await slurm.command('scontrol', 'update', 'JobId=1_0', 'StartTime=now');
      await slurm.idle();

      const store = openPlace(place);
      const layout = layoutOf(place);
      const summary = runSummarySchema.parse(JSON.parse((await store.get(layout.summary)).toString()));
      expect(summary).toMatchObject({ status: 'SUCCEEDED', samples: 14, ranks: { planned: ranks, succeeded: ranks } });
      const { manifest } = await readItems(store, layout.manifest);
      expect((await ranksInStore(store, manifest)).missing.size).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  120_000,
);
