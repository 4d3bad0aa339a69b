import { eventsIn } from '../../../packages/cli/test/support/events.ts';
import { runArgs, type Bench } from '../bench.ts';
import { checkSame, goOn, recomputedSince, soFar } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, type Command, type Moment, type Site } from '../site.ts';

interface Asked extends Moment {
  readonly name: NodeJS.Signals;
  /** A terminal sends it to the whole group, `kill` to the command alone. */
  readonly toAll: boolean;
  readonly fmi: boolean;
}

const INTERRUPTED = 130;

export const signalKinds: readonly Kind[] = [
  kindOf<Asked>({
    name: 'signal',
    over: 'local',
    what: 'INT, TERM, HUP or QUIT to the command or its whole group',
    draw: (random) => ({
      name: oneOf(random, ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const),
      toAll: oneOf(random, [true, false]),
      event: between(random, 1, 34),
      delayMs: 0,
      fmi: oneOf(random, [true, false, false, false]),
    }),
    play,
  }),
];

async function play(asked: Asked, bench: Bench): Promise<Outcome> {
  const site = bench.site();
  try {
    const truth = await bench.truthAt(site);
    const run = site.start(runArgs(asked));
    const sent = (await site.reaches(run, asked)) && sentAmid(run, site, asked);
    const end = await run.ended;
    // It may have come to its end just then.
    if (!sent || end.code === 0) return { met: false, ended: 'unharmed', problems: checkEnd(end) };
    // Ranks that were writing are killed by their engine.
    await site.nextDay();
    const left = [
      ...(end.code === INTERRUPTED ? [] : [`${asked.name} ended it with ${end.code ?? end.signal}`]),
      ...(await site.checkLeftovers()),
    ];
    const before = await soFar(site);
    const { ended, problems } = await goOn(site, end);
    return {
      met: true,
      ended,
      problems: [...left, ...problems, ...(await checkSame(site, truth, await bench.undisturbed()))],
      ...recomputedSince(before),
    };
  } finally {
    site.remove();
  }
}

/** Signals a run that has some of its steps before it: it lies still meanwhile, and so can't be over when the signal comes. */
function sentAmid(run: Command, site: Site, { name, toAll }: Asked): boolean {
  if (!signal(run.pid, 'SIGSTOP')) return false;
  const directory = site.executions().at(-1);
  const isAmid = directory !== undefined && eventsIn(directory).every(({ type }) => type !== 'RunEnded');
  const sent = isAmid && signal(toAll ? -run.pid : run.pid, name);
  signal(run.pid, 'SIGCONT');
  return sent;
}
