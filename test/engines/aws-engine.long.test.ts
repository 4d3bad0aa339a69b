import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { awsEngine } from '../../packages/aws/src/index.ts';
import { startStandIn, whyNoStandIn } from '../../packages/aws-standin/src/index.ts';
import { demoModel } from '../../packages/demo-model/src/index.ts';
import { engineConformance } from '../../packages/engine/src/conformance.ts';
import { startRendezvous } from '../../packages/rendezvous/src/index.ts';
import { contextIn, writePartitions } from './support.ts';

const STAGE = 'conform';
const SECRET = 'a-secret-of-the-rendezvous-server';
const reason = whyNoStandIn();
if (reason === undefined) {
  engineConformance('aws', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cosmicai-engine-aws-'));
    const galaxies = await writePartitions(join(folder, 'survey'));
    /** Folders of partitions, of which a rank is given one that isn't there. */
    const spoiled = new Map<string, number>();
    const server = await startRendezvous({ secrets: [SECRET], host: '127.0.0.1', port: 0, healthPort: 0 });
    const aws = await startStandIn({
      intercept: ({ payload }) => steered(payload, spoiled),
      functionEnvironment: { COSMICAI_RENDEZVOUS_SECRETS: SECRET },
    });
    Object.assign(process.env, aws.env);
    await aws.deploy(STAGE);
    let runs = 0;
    return {
      folder,
      rendezvous: `127.0.0.1:${server.port}`,
      engine: awsEngine(contextIn(folder, demoModel()), { stage: STAGE }),
      request: async (ranks) => {
        const name = `run-${++runs}`;
        const data = join(folder, name);
        await mkdir(data);
        for (let rank = 1; rank <= ranks; rank++)
          await cp(join(folder, 'survey', `${rank}.pt`), join(data, `${rank}.pt`));
        return {
          request: { changes: { data, results: `results/${name}`, worldSize: ranks, batchSize: 8 } },
          galaxies: galaxies.slice(0, ranks).reduce((sum, each) => sum + each, 0),
          spoil: (rank) => {
            spoiled.set(name, rank);
            const undo = () => Promise.resolve(void spoiled.delete(name));
            return Promise.resolve({ see: () => undefined, undo });
          },
        };
      },
      idle: async () => {
        for (;;) {
          const lines = await aws.functionLogs(`cosmicai-inference-${STAGE}-inference`);
          const count = (start: string) => lines.filter(({ message }) => message.startsWith(start)).length;
          if (count('START ') === count('REPORT ')) return;
          await setTimeout(200);
        }
      },
      close: async () => {
        await aws.close();
        await server.close(0);
        await rm(folder, { recursive: true });
      },
    };
  });
} else {
  console.warn(`The engine of AWS is not tested: ${reason}`);
  it.skip('the engine of AWS', () => undefined);
}

/** What a rank is given, with a partition that isn't there where it is to fail. */
function steered(payload: string, spoiled: ReadonlyMap<string, number>): string {
  const task = JSON.parse(payload) as { readonly RANK?: unknown; readonly MANIFEST?: string };
  const rank = spoiled.get(/^results\/([^/]+)\//.exec(task.MANIFEST ?? '')?.[1] ?? '');
  return rank === undefined || Number(task.RANK) !== rank ? payload : JSON.stringify({ ...task, DATA_PATH: 'gone.pt' });
}
