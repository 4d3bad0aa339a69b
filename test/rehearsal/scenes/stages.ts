/** Several stages in one account, deployed again, and removed in both ways. */
import { give } from '../../docs/given.ts';
import { expectThat, type Rehearsal } from '../rehearsal.ts';
import type { Scene } from './index.ts';

const CLI = 'docs/cli.md';
const RUN = '--data partitions --world-size 2 --results results/stages --json';

interface Item {
  readonly item: string;
  readonly quantity: number;
}

/** Answers what the run is charged for. */
async function runs(rehearsal: Rehearsal, stage: string): Promise<readonly Item[]> {
  const { stdout } = await rehearsal.typed(`cosmicai run --target aws --stage ${stage} ${RUN}`);
  const { summary } = JSON.parse(stdout) as {
    summary: { status: string; bucket: string; result_path: string; run_id: string };
  };
  expectThat(summary.status === 'SUCCEEDED' && summary.bucket === rehearsal.bucketOf(stage), stdout);
  const bill = `${summary.result_path}/runs/${summary.run_id}/bill.json`;
  const { items } = JSON.parse((await rehearsal.storeOf(stage).get(bill)).toString()) as { items: readonly Item[] };
  return items;
}

async function sideBySide(rehearsal: Rehearsal): Promise<void> {
  for (const stage of ['one', 'two']) {
    await rehearsal.aws.describe(stage);
    await rehearsal.typed(`pnpm cosmicai deploy ${stage}`);
  }
  await Promise.all(['one', 'two'].map((stage) => runs(rehearsal, stage)));
  // Again, with nothing changed and with a change.
  await rehearsal.typed('pnpm cosmicai deploy one');
  await rehearsal.aws.describe('two', { inference: { memory: 2048 }, map_execution_type: 'EXPRESS' });
  await rehearsal.typed('pnpm cosmicai deploy two');
  const bill = await runs(rehearsal, 'two');
  const quantity = (name: string) => bill.find(({ item }) => item === name)?.quantity ?? 0;
  // Two ranks, whose children enter no states of a Standard execution.
  expectThat(
    quantity('Express requests') === 2 && quantity('Express duration') > 0 && quantity('Standard') === 6,
    () => `EXPRESS children are billed so: ${JSON.stringify(bill)}`,
  );
}

async function removed(rehearsal: Rehearsal): Promise<void> {
  await rehearsal.typed('pnpm cosmicai remove one --yes');
  await runs(rehearsal, 'two');
  await rehearsal.typed('pnpm cosmicai deploy one');
  await runs(rehearsal, 'one');
  await rehearsal.typed('pnpm cosmicai remove one --yes');
}

/** As docs/cli.md types it, with a profile. */
async function kept(rehearsal: Rehearsal): Promise<void> {
  await give('the profile survey', rehearsal.user.folder);
  await rehearsal.typed('pnpm cosmicai remove two --yes');
  const deploys = () => rehearsal.typedFrom(CLI, 'AWS_PROFILE=survey cosmicai deploy dev');
  await deploys();
  await runs(rehearsal, 'dev');
  await rehearsal.typedFrom(CLI, 'AWS_PROFILE=survey cosmicai remove dev --keep-bucket', { bucket: 'bucket --yes' });
  const kept = await rehearsal.storeOf('dev').head('configs/payload.json');
  expectThat(kept !== undefined, 'The bucket was not kept.');
  await deploys();
  await runs(rehearsal, 'dev');
  await rehearsal.typed('pnpm cosmicai remove dev --yes');
}

export const STAGES: readonly Scene[] = [
  { name: 'two stages side by side, deployed again', quick: false, play: sideBySide },
  { name: 'one is removed and deployed again', quick: false, play: removed },
  { name: 'one is removed without its bucket and deployed again', quick: false, play: kept },
];
