import { whyNoMoto } from '../../moto-server.ts';
import type { Bench } from '../bench.ts';
import { checkRight, goOn } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { sleep } from '../site.ts';

interface AtOnce {
  readonly runs: readonly { readonly ranks: number; readonly afterMs: number }[];
}

/** Eight processes of commands, each with some of its own, are many for a small machine. */
const EIGHT_EACH = 7;

export const s3AtOnceKinds: readonly Kind[] = [
  kindOf<AtOnce>({
    name: 's3-at-once',
    over: 's3',
    what: 'two or eight runs of several sizes go into one results path at once',
    whyNot: whyNoMoto,
    draw: (random, index) => ({
      runs: Array.from({ length: index % EIGHT_EACH === 1 ? 8 : 2 }, () => ({
        ranks: between(random, 1, 3),
        afterMs: oneOf(random, [0, between(random, 0, 300)]),
      })),
    }),
    play,
  }),
];

async function play({ runs }: AtOnce, bench: Bench): Promise<Outcome> {
  const s3 = await bench.s3();
  const site = await s3.site(0);
  try {
    const truth = await bench.truthAt(site);
    const planned = new Set<string>();
    let areAtOnce: boolean | undefined;
    site.proxy.watch(({ operation, key }) => {
      const [, run, file] = /^results\/runs\/([^/]+)\/(run|proof)\.json$/.exec(key) ?? [];
      if (run === undefined || operation !== 'put') return;
      if (file === 'run') planned.add(run);
      else areAtOnce ??= planned.size === runs.length;
    });
    const ends = await Promise.all(
      runs.map(async ({ ranks, afterMs }) => {
        await sleep(afterMs);
        return await site.run([...site.runArgs(), '--world-size', String(ranks)]);
      }),
    );
    const problems = ends.flatMap(checkEnd);
    const lost = ends.filter(({ code }) => code !== 0);
    for (const end of lost) problems.push(...(await goOn(site, end)).problems);
    return {
      met: areAtOnce === true,
      ended: lost.length === 0 ? 'unharmed' : 'resumed',
      problems: [...problems, ...(await checkRight(site, truth))],
    };
  } finally {
    await site.close();
  }
}
