import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFunctionPool } from '../../../packages/local/src/index.ts';
import { manifestSchema, parseJsonAs } from '../../../packages/payload/src/index.ts';
import { freshBundle } from '../../../packages/deploy/src/index.ts';
import { RANKS, runArgs, type Bench } from '../bench.ts';
import { checkSame, goOn } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, type Command, type Moment, type Site } from '../site.ts';

interface Twice extends Moment {
  readonly rank: number;
  /** Deliveries at once beside that of the run itself. */
  readonly deliveries: number;
  readonly when: 'under way' | 'interrupted' | 'after the end';
}

export const twiceKinds: readonly Kind[] = [
  kindOf<Twice>({
    name: 'delivered-twice',
    over: 'local',
    what: 'the task of a rank comes to its function once or twice more: at once, before the run goes on, or after its end',
    draw: (random, index) => ({
      rank: between(random, 0, RANKS - 1),
      deliveries: between(random, 1, 2),
      when: (['under way', 'interrupted', 'after the end'] as const)[index % 3]!,
      event: between(random, 8, 26),
      delayMs: oneOf(random, [0, between(random, 0, 300)]),
    }),
    play,
  }),
];

async function play(twice: Twice, bench: Bench): Promise<Outcome> {
  const site = bench.site();
  try {
    const truth = await bench.truthAt(site);
    const run = site.start(runArgs());
    const met = twice.when === 'after the end' ? (await run.ended).code === 0 : await site.reaches(run, twice);
    if (!met || site.runFolders().length === 0)
      return { met: false, ended: 'unharmed', problems: checkEnd(await run.ended) };
    if (twice.when === 'interrupted') await interrupt(run);
    const refused = await deliver(twice, site);
    const end = await run.ended;
    // Beside the run itself, or after its end, a result may be another than that which was summarized: verify says so.
    const first = end.code === 0 ? await site.run(['verify', 'results']) : end;
    const { ended, problems } = await goOn(site, first);
    return {
      met: true,
      ended,
      problems: [...refused, ...problems, ...(await checkSame(site, truth, await bench.undisturbed()))],
    };
  } finally {
    site.remove();
  }
}

async function interrupt({ pid, ended }: Command): Promise<void> {
  signal(-pid, 'SIGINT');
  await ended;
}

/** Brings the task to the function as the run does; answers with deliveries that failed. */
async function deliver({ rank, deliveries }: Twice, site: Site): Promise<string[]> {
  const [folder] = site.runFolders();
  const file = join(folder!, 'manifest.json');
  const task = parseJsonAs(manifestSchema, readFileSync(file, 'utf8'), file).find(({ RANK }) => RANK === rank);
  const pool = createFunctionPool({
    functions: {
      infer: {
        bundle: join(await freshBundle('inference'), 'handler.mjs'),
        handler: 'infer',
        memoryMiB: 2048,
        timeoutSeconds: 120,
        environment: { ...site.environment, COSMICAI_MODEL: site.path('model.onnx') },
      },
    },
    concurrency: deliveries,
    logDirectory: join(site.folder, '..', 'delivered'),
  });
  try {
    const answers = Array.from({ length: deliveries }, () => pool.invoke('infer', JSON.stringify(task)));
    const settled = await Promise.allSettled(answers);
    return settled.flatMap((one) =>
      one.status === 'rejected' ? [`a delivery failed: ${(one.reason as Error).message}`] : [],
    );
  } finally {
    await pool.close();
  }
}
