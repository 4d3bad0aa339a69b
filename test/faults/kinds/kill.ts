import { eventsIn, ofType } from '../../../packages/cli/test/support/events.ts';
import { runArgs, type Bench } from '../bench.ts';
import { checkSame, goOn, goOnAfterKill, recomputedSince, soFar } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, type Command, type Moment, type Site } from '../site.ts';

/** Who is killed with no chance to do anything: the command alone, the process of a rank, or all at once. */
type Victim = 'command' | 'rank' | 'group';

interface Kill extends Moment {
  readonly fmi: boolean;
}

/** Events of a run; of a rank's process those during which there is one. */
const EVENTS: Readonly<Record<Victim, readonly [number, number]>> = {
  command: [1, 34],
  rank: [14, 24],
  group: [1, 34],
};

export const killKinds: readonly Kind[] = (['command', 'rank', 'group'] as const).map((victim) =>
  kindOf<Kill>({
    name: `kill-${victim}`,
    over: 'local',
    what: `kill -9 of ${victim === 'group' ? 'the whole group' : `the ${victim === 'rank' ? 'process of one rank' : victim}`} after an event`,
    draw: (random) => ({
      event: between(random, ...EVENTS[victim]),
      delayMs: random() < 0.5 ? 0 : between(random, 0, 300),
      fmi: oneOf(random, [true, false, false, false]),
    }),
    play: (kill, bench) => play(victim, kill, bench),
  }),
);

async function play(victim: Victim, kill: Kill, bench: Bench): Promise<Outcome> {
  const site = bench.site();
  try {
    const truth = await bench.truthAt(site);
    const begun = runArgs(kill);
    const run = site.start(begun);
    const met = (await site.reaches(run, kill)) && killed(victim, run, site);
    const end = await run.ended;
    if (victim === 'rank') {
      // Tried again by the run itself.
      const { ended, problems } = await goOn(site, end);
      await site.nextDay();
      return { met, ended, problems: [...problems, ...(await checkSame(site, truth, await bench.undisturbed()))] };
    }
    if (end.signal !== 'SIGKILL') return { met: false, ended: 'unharmed', problems: checkEnd(end) };
    const left = await site.checkLeftProcesses();
    const before = await soFar(site);
    const { problems } = await goOnAfterKill(site, begun);
    await site.nextDay();
    return {
      met,
      ended: 'resumed',
      problems: [...left, ...problems, ...(await checkSame(site, truth, await bench.undisturbed()))],
      ...recomputedSince(before),
    };
  } finally {
    site.remove();
  }
}

function killed(victim: Victim, { pid }: Command, site: Site): boolean {
  if (victim === 'command') return signal(pid, 'SIGKILL');
  if (victim === 'group') return signal(-pid, 'SIGKILL');
  const ranks = rankProcesses(site);
  return ranks.length > 0 && signal(ranks[0]!, 'SIGKILL');
}

/** Processes at work for ranks, the newest first. */
export function rankProcesses(site: Site): number[] {
  const directory = site.executions().at(-1);
  if (directory === undefined) return [];
  const there = new Set(site.processes());
  const started = eventsIn(directory)
    .filter(ofType('FunctionStarted', { functionName: 'infer' }))
    .flatMap(({ pid }) => pid ?? []);
  return [...new Set(started.reverse())].filter((pid) => there.has(pid));
}
