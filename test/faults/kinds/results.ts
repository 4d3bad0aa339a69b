import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RANKS, runArgs, type Bench } from '../bench.ts';
import { checkRight, checkSame, goOn, recomputedSince, soFar } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, type Moment, type Site } from '../site.ts';
import { drawDamage, inflict, isHarmless, type Damage } from './damage.ts';
import { keyOf, OF_RANKS, TARGETS, type Target } from './targets.ts';

const DAMAGES = ['removed', 'emptied', 'replaced', 'swapped', 'cut', 'flipped', 'touched', 'written again'] as const;

interface Finished {
  readonly target: Target;
  readonly rank: number;
  readonly damage: Damage;
}

interface Interrupted extends Moment {
  readonly target: (typeof OF_RANKS)[number];
  readonly damage: Damage;
}

export const resultKinds: readonly Kind[] = [
  kindOf<Finished>({
    name: 'results-damaged',
    over: 'local',
    what: 'a file of a finished run is removed, swapped, cut or flipped: verify finds it, and says what mends it',
    draw: (random, index) => ({
      target: TARGETS[index % TARGETS.length]!,
      rank: between(random, 0, RANKS - 1),
      damage: drawDamage(random, DAMAGES),
    }),
    play: playFinished,
  }),
  kindOf<Interrupted>({
    name: 'results-damaged-midway',
    over: 'local',
    what: 'a result or predictions of a rank that had finished are damaged before the run goes on',
    draw: (random) => ({
      event: between(random, 18, 33),
      delayMs: oneOf(random, [0, between(random, 0, 100)]),
      target: oneOf(random, OF_RANKS),
      damage: drawDamage(random, DAMAGES),
    }),
    play: playInterrupted,
  }),
];

async function playFinished({ target, rank, damage }: Finished, bench: Bench): Promise<Outcome> {
  const site = bench.site();
  try {
    const truth = await bench.truthAt(site);
    const run = await site.run(runArgs());
    if (run.code !== 0) throw new Error(run.stderr);
    const before = await soFar(site);
    const ranks = Array.from({ length: RANKS }, (_, at) => at);
    const [file, other] = [rank, (rank + 1) % RANKS].map((of) => fileOf(site, target, of));
    if (!existsSync(file!) || !existsSync(other!)) throw new Error(`there is no ${target}`);
    // Files of which there is only one are swapped with another of the same run.
    inflict(
      damage,
      file!,
      file === other ? fileOf(site, target === 'run.json' ? 'summary.json' : 'run.json', 0) : other!,
    );
    const verified = await site.run(['verify', 'results']);
    const { problems, ended } = await goOn(site, verified);
    const found =
      verified.code !== 0 || isHarmless(damage) ? [] : [`verify found nothing: ${verified.stdout.slice(-300)}`];
    const again = problems.length > 0 ? undefined : await site.run(['verify', 'results']);
    const { kept, recomputed } = recomputedSince(before);
    const concerned = damage.how === 'swapped' ? 2 : 1;
    return {
      met: true,
      ended: verified.code === 0 ? 'unharmed' : ended,
      problems: [
        ...found,
        ...problems,
        ...(again === undefined || again.code === 0 ? [] : [`it is still not right: ${again.stdout}`]),
        ...(await checkSame(site, truth, await bench.undisturbed())),
        ...((recomputed ?? 0) > concerned ? [`${recomputed} ranks ran again of ${ranks.length}`] : []),
      ],
      ...(kept !== undefined && { kept: kept - concerned }),
    };
  } finally {
    site.remove();
  }
}

function fileOf(site: Site, target: Target, rank: number): string {
  const { run_id } = JSON.parse(readFileSync(site.path('results', 'summary.json'), 'utf8')) as { run_id: string };
  return site.path(keyOf(target, run_id, rank));
}

async function playInterrupted(drawn: Interrupted, bench: Bench): Promise<Outcome> {
  const site = bench.site();
  try {
    const truth = await bench.truthAt(site);
    const run = site.start(runArgs());
    const sent = (await site.reaches(run, drawn)) && signal(run.pid, 'SIGINT');
    const end = await run.ended;
    const before = await soFar(site);
    const [runFolder] = end.code === 0 || !sent ? [] : site.runFolders();
    const [rank, second] = before.whole;
    if (runFolder === undefined || rank === undefined)
      return { met: false, ended: 'unharmed', problems: checkEnd(end) };
    const name = (of: number) => join(runFolder, drawn.target.replace('rank', String(of)));
    // Of one rank alone there is nothing to swap with but its plan.
    inflict(drawn.damage, name(rank), second === undefined ? join(runFolder, 'run.json') : name(second));
    if (second === undefined && drawn.damage.how === 'swapped') return { met: false, ended: 'unharmed', problems: [] };
    const { ended, problems } = await goOn(site, end);
    const { kept = 0, recomputed = 0 } = recomputedSince(before);
    const concerned = drawn.damage.how === 'swapped' ? 2 : 1;
    return {
      met: true,
      ended,
      problems: [
        ...problems,
        ...(await checkRight(site, truth)),
        ...(recomputed > concerned ? [`${recomputed} ranks ran again`] : []),
      ],
      kept: Math.max(0, kept - concerned),
      recomputed: Math.max(0, recomputed - concerned),
    };
  } finally {
    site.remove();
  }
}
