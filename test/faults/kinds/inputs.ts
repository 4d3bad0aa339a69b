import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { RANKS, runArgs, type Bench } from '../bench.ts';
import { checkRight, goOn } from '../go-on.ts';
import { checkEnd, checkPublished, type Truth } from '../invariants.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, type End, type Moment, type Site } from '../site.ts';
import { drawDamage, inflict, isHarmless, type Damage } from './damage.ts';

interface Change extends Moment {
  readonly input: 'partition' | 'model';
  readonly which: number;
  readonly damage: Damage;
  /** While the run plans and works, before it goes on, or after it has ended. */
  readonly when: 'under way' | 'before going on' | 'after the end';
  /** What is done about it: the input comes back as it was, or is taken as it is. */
  readonly then: 'put back' | 'accepted';
}

const WHENS = ['under way', 'before going on', 'after the end'] as const;
/** Of what is in pieces nobody can make a run. */
const USABLE: readonly Damage['how'][] = ['replaced', 'swapped', 'touched', 'written again'];
const ANY: readonly Damage['how'][] = [...USABLE, 'removed', 'emptied', 'cut', 'flipped'];

export const inputKinds: readonly Kind[] = (['partition', 'model'] as const).map((input) =>
  kindOf<Change>({
    name: `${input}-changed`,
    over: 'local',
    what: `a ${input} is removed, swapped, cut, flipped or written again; it comes back, or is taken as it is`,
    draw: (random, index) => {
      const then = oneOf(random, ['put back', 'accepted'] as const);
      const when = WHENS[index % WHENS.length]!;
      return {
        input,
        which: between(random, 1, RANKS),
        // A model has no other of its kind beside it to swap with.
        damage: drawDamage(
          random,
          (then === 'accepted' ? USABLE : ANY).filter((how) => input === 'partition' || how !== 'swapped'),
        ),
        when,
        then,
        event: when === 'under way' ? between(random, 1, 22) : between(random, 8, 30),
        delayMs: oneOf(random, [0, between(random, 0, 300)]),
      };
    },
    play,
  }),
);

async function play(change: Change, bench: Bench): Promise<Outcome> {
  const site = bench.site();
  try {
    const truth = await bench.truthAt(site);
    const end = await endAfterChange(change, site, bench);
    if (end === undefined) return { met: false, ended: 'unharmed', problems: [] };
    if (end.code === 0) {
      // Read before it was changed, or planned after: the one or the other, and nothing of both.
      const asBefore = await checkPublished(site.store, 'results', truth);
      const asAfter = asBefore.length === 0 ? [] : await truthNow(change, site, bench, truth);
      return { met: true, ended: 'unharmed', problems: [...checkEnd(end), ...asAfter] };
    }
    return change.then === 'put back'
      ? await playPutBack(change, site, truth, end)
      : await playAccepted(site, bench, end);
  } finally {
    site.remove();
  }
}

/** Changes the input; answers how the command ended that had to notice. */
async function endAfterChange(change: Change, site: Site, bench: Bench): Promise<End | undefined> {
  const keepsAside = change.then === 'put back';
  if (change.when === 'after the end') {
    const run = await site.run(runArgs());
    if (run.code !== 0) throw new Error(run.stderr);
    applyTo(site, change, bench, keepsAside);
    const verified = await site.run(['verify', 'results']);
    if (verified.code === 0 && !isHarmless(change.damage))
      return { ...verified, code: 1, stderr: 'Error: verify found nothing' };
    return verified.code === 0 ? undefined : verified;
  }
  const run = site.start(runArgs());
  const isThere = await site.reaches(run, change);
  if (change.when === 'under way') {
    if (isThere) applyTo(site, change, bench, keepsAside);
    const end = await run.ended;
    return isThere ? end : undefined;
  }
  if (isThere) signal(-run.pid, 'SIGINT');
  const stopped = await run.ended;
  if (stopped.code === 0) return undefined;
  applyTo(site, change, bench, keepsAside);
  const directory = site.executions().at(-1);
  if (directory === undefined) return undefined;
  return await site.run(['run', '--resume', directory, '--no-report']);
}

function applyTo(site: Site, { input, which, damage }: Change, bench: Bench, keepsAside: boolean): void {
  const file = fileOf(site, input, which);
  const beside = fileOf(site, 'partition', (which % RANKS) + 1);
  if (keepsAside)
    for (const one of new Set([file, ...(input === 'partition' ? [beside] : [])])) {
      // The file itself goes aside and a copy of it is damaged, as a tool does that writes anew.
      renameSync(one, `${site.path('..')}/${nameOf(one)}.aside`);
      if (one === file || damage.how === 'swapped') copyFileSync(`${site.path('..')}/${nameOf(one)}.aside`, one);
      else renameSync(`${site.path('..')}/${nameOf(one)}.aside`, one);
    }
  if (damage.how === 'replaced')
    copyFileSync(input === 'model' ? bench.otherModel : join(bench.others, `${which}.pt`), file);
  else inflict(damage, file, beside);
}

function fileOf(site: Site, input: Change['input'], which: number): string {
  return input === 'model' ? site.path('model.onnx') : site.path('parts', `${which}.pt`);
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

async function truthNow({ then }: Change, site: Site, bench: Bench, before: Truth): Promise<string[]> {
  // What is in pieces nobody can predict: only what was there before can be right.
  if (then === 'put back') return await checkPublished(site.store, 'results', before);
  return await checkPublished(site.store, 'results', await bench.truthAt(site));
}

/** Nothing but what was planned counts; with the input as it was, all goes on. */
async function playPutBack(change: Change, site: Site, truth: Truth, end: End): Promise<Outcome> {
  const problems = checkEnd(end);
  for (const name of [nameOf(fileOf(site, change.input, change.which)), `${(change.which % RANKS) + 1}.pt`]) {
    const aside = `${site.path('..')}/${name}.aside`;
    const place = name.endsWith('.pt') ? site.path('parts', name) : site.path(name);
    try {
      renameSync(aside, place);
    } catch {
      // This one was never changed.
    }
  }
  const directory = site.executions().at(-1);
  if (directory === undefined) return { met: true, ended: 'refused', problems };
  const after = await goOn(site, await site.run(['run', '--resume', directory, '--no-report']));
  return {
    met: true,
    ended: 'refused',
    problems: [...problems, ...after.problems, ...(await checkRight(site, truth))],
  };
}

/** What is printed leads to a run of the inputs as they are now. */
async function playAccepted(site: Site, bench: Bench, end: End): Promise<Outcome> {
  const { problems, typed } = await goOn(site, end);
  const truth = await bench.truthAt(site);
  return {
    met: true,
    ended: typed.some((command) => command.includes('--accept-changed')) ? 'refused' : 'resumed',
    problems: [...problems, ...(await checkRight(site, truth))],
  };
}
