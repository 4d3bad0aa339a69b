/** Ranks that meet at the stage's own server, which is there for runs only: services of ECS have processes for tasks. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { accountView } from '../../../packages/aws/src/doctor/account-view.ts';
import { givenBase, standInRegistry, type StandInRegistry } from '../../../packages/deploy/test/stand-in-registry.ts';
import { freePort } from '../../free-port.ts';
import { expectThat, type Rehearsal } from '../rehearsal.ts';
import type { Scene } from './index.ts';

const STAGE = 'met';
/** Six seconds. */
const IDLE_MINUTES = 0.1;
const AT = `--target aws --stage ${STAGE}`;

interface MetRun {
  readonly status: string;
  readonly cause?: string;
  readonly summary: { readonly run_id: string; readonly status: string; readonly result_path: string } | null;
}

async function describeStage(rehearsal: Rehearsal, { url }: StandInRegistry, port: number): Promise<void> {
  const registry = url.replace('http://', '');
  const ports = { port, health_port: await freePort() };
  await rehearsal.aws.describe(STAGE, {
    rendezvous: { enabled: true, base_image: `${registry}/base:1`, registry, idle_minutes: IDLE_MINUTES, ...ports },
  });
}

/** Tasks that the service of the stage's server is to have, and that run. */
async function tasks({ aws }: Rehearsal): Promise<{ wanted: number; running: number }> {
  const found = await accountView(aws.region).server(`cosmicai-${STAGE}`, 'rendezvous');
  return { wanted: found?.desired ?? -1, running: found?.running ?? -1 };
}

async function isOver(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.until('the server has ended', async () => {
    const { wanted, running } = await tasks(rehearsal);
    return wanted + running === 0;
  });
}

/** Types a run whose ranks meet, and looks whether they have. */
async function met(rehearsal: Rehearsal, results: string): Promise<void> {
  const command = `cosmicai run ${AT} --data partitions --world-size 2 --fmi --results ${results} --json`;
  const { summary } = JSON.parse((await rehearsal.typed(command)).stdout) as MetRun;
  expectThat(summary?.status === 'SUCCEEDED', () => JSON.stringify(summary));
  const folder = `${summary.result_path}/runs/${summary.run_id}`;
  const store = rehearsal.storeOf(STAGE);
  const { ranks } = JSON.parse((await store.get(`${folder}/fmi.json`)).toString()) as { ranks: unknown[] };
  expectThat(ranks.length === 2, () => JSON.stringify(ranks));
  const { stdout } = await rehearsal.typed(`cosmicai report s3://${rehearsal.bucketOf(STAGE)}/${folder} --json`);
  const { cost } = JSON.parse(stdout) as { cost: { items: { service: string; item: string; quantity: number }[] } };
  const hours = cost.items.find(({ service, item }) => service === 'Fargate' && item === 'memory')?.quantity ?? 0;
  // For the run and the time that it waits for others: no more than the minutes of a scene.
  expectThat(hours > IDLE_MINUTES / 60 && hours < 0.2, () => JSON.stringify(cost));
}

async function meet(rehearsal: Rehearsal): Promise<void> {
  await using registry = await standInRegistry({ open: true });
  givenBase(registry);
  await describeStage(rehearsal, registry, await freePort());
  await rehearsal.typed(`pnpm cosmicai deploy ${STAGE}`);
  const first = await tasks(rehearsal);
  expectThat(first.wanted + first.running === 0, () => `Deployed, it has ${JSON.stringify(first)}.`);

  // Two at once, of which either may start it.
  await Promise.all(['results/met-one', 'results/met-two'].map((results) => met(rehearsal, results)));
  await isOver(rehearsal);
  // Whoever starts the execution, and again from nothing.
  const { stdout } = await rehearsal.typed(`cosmicai fmi ping ${AT}`);
  expectThat(/^collectives +ok/m.test(stdout), stdout);
  await met(rehearsal, 'results/met-again');
  // Deployed again while it runs or not, it stays as it is.
  await isOver(rehearsal);
  await rehearsal.typed(`pnpm -C . sls deploy --stage ${STAGE}`);
  const after = await tasks(rehearsal);
  expectThat(after.wanted === 0, () => `Deployed again, it has ${JSON.stringify(after)}.`);
}

/** Its port is taken by somebody who says nothing, so that it ends as soon as it has started, again and again. */
async function neverComes(rehearsal: Rehearsal): Promise<void> {
  await using registry = await standInRegistry({ open: true });
  givenBase(registry);
  const somebody = createServer((socket) => socket.destroy());
  await once(somebody.listen(0), 'listening');
  const { port } = somebody.address() as AddressInfo;
  try {
    await describeStage(rehearsal, registry, port);
    await rehearsal.typed(`pnpm cosmicai deploy ${STAGE}`);
    const command = `cosmicai run ${AT} --data partitions --world-size 2 --fmi --results results/never --json`;
    const { stdout, stderr } = await rehearsal.typed(command, 1);
    expectThat(`${stderr}${stdout}`.includes('RendezvousNotStartedError'), () => stderr + stdout);
    const { wanted } = await tasks(rehearsal);
    expectThat(wanted === 0, 'It is left starting.');
    rehearsal.showed('when-it-doesn-t-work/rendezvousfailed-rendezvousnotstartederror');
  } finally {
    somebody.close();
  }
}

export const MEETINGS: readonly Scene[] = [
  { name: 'ranks meet at a server that is there for runs only', quick: false, play: meet },
  { name: 'the server for a run never comes', quick: false, play: neverComes },
];
