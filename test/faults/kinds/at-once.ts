import { cpSync, truncateSync } from 'node:fs';
import { runArgs, type Bench } from '../bench.ts';
import { checkRight, goOn } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { sleep, type Site } from '../site.ts';

interface AtOnce {
  readonly runs: readonly { readonly ranks: number; readonly afterMs: number }[];
  /** Whether another run, whose partitions are damaged, fails into the same place. */
  readonly andOneThatFails: boolean;
}

export const atOnceKinds: readonly Kind[] = [
  kindOf<AtOnce>({
    name: 'at-once',
    over: 'local',
    what: 'two or eight runs of several sizes go into one results path at once, and one that fails beside them',
    draw: (random, index) => ({
      runs: Array.from({ length: index % 5 === 4 ? 8 : 2 }, () => ({
        ranks: between(random, 1, 3),
        afterMs: oneOf(random, [0, between(random, 0, 300)]),
      })),
      andOneThatFails: oneOf(random, [true, false, false]),
    }),
    play,
  }),
];

async function play({ runs, andOneThatFails }: AtOnce, bench: Bench): Promise<Outcome> {
  const site = bench.site();
  try {
    const truth = await bench.truthAt(site);
    const begun = runs.map(async ({ ranks, afterMs }) => {
      await sleep(afterMs);
      return site.start([...runArgs(), '--world-size', String(ranks)]);
    });
    const commands = await Promise.all(begun);
    if (andOneThatFails) commands.push(site.start(failing(site)));
    const isMet = async () => {
      for (;;) {
        if (site.executions().length === commands.length) return !commands.some(({ isOver }) => isOver());
        if (commands.some(({ isOver }) => isOver())) return false;
        await sleep(2);
      }
    };
    const met = await isMet();
    const ends = await Promise.all(commands.map(({ ended }) => ended));
    const wellEnded = andOneThatFails ? ends.slice(0, -1) : ends;
    const problems = ends.flatMap(checkEnd);
    const lost = wellEnded.filter(({ code }) => code !== 0);
    // Others were at it: what was printed leads to an end all the same.
    for (const end of lost) problems.push(...(await goOn(site, end)).problems);
    // The run that fails ends its ranks amid their work.
    await site.nextDay();
    return {
      met,
      ended: lost.length === 0 ? 'unharmed' : 'resumed',
      problems: [
        ...problems,
        ...(andOneThatFails && ends.at(-1)?.code !== 1
          ? [`a run over damaged partitions ended with ${String(ends.at(-1)?.code)}`]
          : []),
        ...(await checkRight(site, truth)),
      ],
    };
  } finally {
    site.remove();
  }
}

/** The command line of a run over partitions of which one is damaged. */
function failing(site: Site): string[] {
  cpSync(site.path('parts'), site.path('damaged'), { recursive: true });
  truncateSync(site.path('damaged', '2.pt'), 1000);
  return [...runArgs(), '--data', 'damaged'];
}
