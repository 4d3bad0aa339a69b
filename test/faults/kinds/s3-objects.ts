import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listAll } from '../../../packages/store/src/index.ts';
import { whyNoMoto } from '../../moto-server.ts';
import { RANKS, type Bench } from '../bench.ts';
import { checkRight, checkSame, goOn, recomputedSince, soFar } from '../go-on.ts';
import { checkEnd, checkPublished } from '../invariants.ts';
import type { S3Site } from '../s3-bench.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, type End } from '../site.ts';
import { drawDamage, inflict, isHarmless, type Damage } from './damage.ts';
import { endBySignal } from './s3-kill.ts';
import { keyOf, OF_RANKS, TARGETS, type Target } from './targets.ts';

/** The same bytes again have the same etag on S3, so that nothing has changed. */
const WHOLE: readonly Damage['how'][] = ['replaced', 'swapped', 'removed', 'written again'];
const ANY: readonly Damage['how'][] = [...WHOLE, 'emptied', 'cut', 'flipped'];

/** Requests of a run: those before its ranks read, and all before it publishes. */
const [FIRST, LAST] = [8, 55];

const WHENS = ['before planning', 'under way', 'before going on', 'after the end'] as const;

interface Change {
  readonly when: (typeof WHENS)[number];
  readonly which: number;
  readonly damage: Damage;
  /** What is done about it: the partitions come back as they were, or are taken as they are. */
  readonly then: 'put back' | 'accepted';
  readonly nth: number;
}

interface Result {
  /** While the run is interrupted, or after it has ended. */
  readonly midway: boolean;
  readonly target: Target;
  readonly rank: number;
  readonly damage: Damage;
  readonly nth: number;
}

export const s3ObjectKinds: readonly Kind[] = [
  kindOf<Change>({
    name: 's3-partition-changed',
    over: 's3',
    what: 'a partition is removed, swapped, cut, flipped or written again; it comes back, or is taken as it is',
    whyNot: whyNoMoto,
    draw: (random, index) => {
      const when = WHENS[index % WHENS.length]!;
      // What is wrong from the start is no fault, and what is gone or in pieces nobody can take.
      const then = when === 'before planning' ? 'accepted' : oneOf(random, ['put back', 'accepted'] as const);
      const whole = when === 'before planning' ? WHOLE : WHOLE.filter((how) => how !== 'removed');
      return {
        when,
        which: between(random, 1, RANKS),
        damage: drawDamage(random, then === 'accepted' ? whole : ANY),
        then,
        nth: between(random, FIRST, LAST),
      };
    },
    play: playPartition,
  }),
  kindOf<Result>({
    name: 's3-results-damaged',
    over: 's3',
    what: 'an object of a run is removed, swapped, cut or flipped, before it goes on or after its end',
    whyNot: whyNoMoto,
    draw: (random, index) => {
      const midway = index % 3 === 2;
      return {
        midway,
        target: midway ? oneOf(random, OF_RANKS) : TARGETS[index % TARGETS.length]!,
        rank: between(random, 0, RANKS - 1),
        damage: drawDamage(random, ANY),
        nth: between(random, LAST - 20, LAST),
      };
    },
    play: playResult,
  }),
];

async function playPartition(change: Change, bench: Bench): Promise<Outcome> {
  const s3 = await bench.s3();
  const site = await s3.site(0);
  try {
    const truth = await bench.truthAt(site);
    const parts = await Partitions.of(site, bench.others);
    const end = await endAfterChange(change, site, parts);
    if (end === undefined) return { met: false, ended: 'unharmed', problems: [] };
    if (end.code === 0) {
      // Read before it was changed, or planned after: the one or the other, and nothing of both.
      const problems = checkEnd(end);
      if (change.when !== 'before planning' && (await checkPublished(site.store, 'results', truth)).length === 0)
        return { met: true, ended: 'unharmed', problems };
      return {
        met: true,
        ended: 'unharmed',
        problems: [...problems, ...(await checkRight(site, await bench.truthAt(site)))],
      };
    }
    const problems = checkEnd(end);
    if (change.then === 'put back') {
      await parts.putBack();
      const directory = site.executions().at(-1);
      if (directory === undefined) return { met: true, ended: 'refused', problems };
      const after = await goOn(site, await site.run(['run', '--resume', directory, '--no-report']));
      problems.push(...after.problems, ...(await checkRight(site, truth)));
      return { met: true, ended: 'refused', problems };
    }
    const after = await goOn(site, end);
    problems.push(...after.problems, ...(await checkRight(site, await bench.truthAt(site))));
    return { met: true, ended: 'resumed', problems };
  } finally {
    await site.close();
  }
}

/** Changes a partition; answers how the command ended that had to notice, undefined where there was nothing to notice any more. */
async function endAfterChange(change: Change, site: S3Site, parts: Partitions): Promise<End | undefined> {
  const apply = () => parts.damage(change.damage, change.which);
  switch (change.when) {
    case 'before planning':
      await apply();
      return await site.run(site.runArgs());
    case 'under way': {
      let seen = 0;
      site.proxy.watch(async () => {
        if (++seen === change.nth) await apply();
      });
      const end = await site.run(site.runArgs());
      site.proxy.watch(() => undefined);
      return seen >= change.nth ? end : undefined;
    }
    case 'before going on': {
      const stop = { of: 'all', nth: change.nth } as const;
      const { end } = await endBySignal(site, stop, ({ pid }) => signal(-pid, 'SIGINT'));
      const directory = site.executions().at(-1);
      if (end.code === 0 || directory === undefined) return undefined;
      await apply();
      return await site.run(['run', '--resume', directory, '--no-report']);
    }
    case 'after the end': {
      const run = await site.run(site.runArgs());
      if (run.code !== 0) throw new Error(run.stderr);
      await apply();
      const verified = await site.run(['verify', site.resultsAddress()]);
      if (verified.code !== 0 || isHarmless(change.damage)) return verified;
      return { ...verified, code: 1, stderr: 'verify found nothing' };
    }
  }
}

/** The partitions of a site, as they lie in its bucket and, for who wants to know the truth, on this machine. */
class Partitions {
  readonly #site: S3Site;
  readonly #others: string;
  readonly #before: ReadonlyMap<number, Buffer>;

  static async of(site: S3Site, others: string): Promise<Partitions> {
    const before = new Map<number, Buffer>();
    for (let which = 1; which <= RANKS; which++) before.set(which, await site.store.get(`parts/${which}.pt`));
    return new Partitions(site, others, before);
  }

  private constructor(site: S3Site, others: string, before: ReadonlyMap<number, Buffer>) {
    this.#site = site;
    this.#others = others;
    this.#before = before;
  }

  async damage(damage: Damage, which: number): Promise<void> {
    const beside = (which % RANKS) + 1;
    const other = damage.how === 'replaced' ? join(this.#others, `${which}.pt`) : this.#path(beside);
    inflict(damage, this.#path(which), other);
    for (const one of damage.how === 'swapped' ? [which, beside] : [which]) await this.#send(one);
  }

  async putBack(): Promise<void> {
    for (const [which, bytes] of this.#before) {
      writeFileSync(this.#path(which), bytes);
      await this.#send(which);
    }
  }

  #path(which: number): string {
    return this.#site.path('parts', `${which}.pt`);
  }

  async #send(which: number): Promise<void> {
    const key = `parts/${which}.pt`;
    if (existsSync(this.#path(which))) await this.#site.store.put(key, readFileSync(this.#path(which)));
    else await this.#site.store.delete(key);
  }
}

async function playResult(drawn: Result, bench: Bench): Promise<Outcome> {
  const s3 = await bench.s3();
  const site = await s3.site(0);
  try {
    const truth = await bench.truthAt(site);
    const end = drawn.midway ? await interrupted(site, drawn.nth) : await site.run(site.runArgs());
    if (end === undefined) return { met: false, ended: 'unharmed', problems: [] };
    const before = await soFar(site);
    const ranks = drawn.midway ? before.whole : Array.from({ length: RANKS }, (_, rank) => rank);
    const rank = ranks[drawn.rank % ranks.length];
    const runId = await runIdIn(site);
    if (rank === undefined || runId === undefined) return { met: false, ended: 'unharmed', problems: [] };
    const other = ranks[(ranks.indexOf(rank) + 1) % ranks.length]!;
    const [key, beside] = [rank, other].map((of) => keyOf(drawn.target, runId, of));
    const spare = keyOf(drawn.target === 'run.json' ? 'manifest.json' : 'run.json', runId, 0);
    await inflictOn(site, drawn.damage, key!, key === beside ? spare : beside!);
    const noticed = drawn.midway ? end : await site.run(['verify', site.resultsAddress()]);
    const { ended, problems } = await goOn(site, noticed);
    const concerned = drawn.damage.how === 'swapped' ? 2 : 1;
    const { kept = 0, recomputed = 0 } = recomputedSince(before);
    return {
      met: true,
      ended,
      problems: [
        ...(noticed.code !== 0 || isHarmless(drawn.damage)
          ? []
          : [`verify found nothing: ${noticed.stdout.slice(-300)}`]),
        ...problems,
        ...(await checkSame(site, truth, await s3.undisturbed())),
      ],
      kept: Math.max(0, kept - concerned),
      recomputed: Math.max(0, recomputed - concerned),
    };
  } finally {
    await site.close();
  }
}

async function interrupted(site: S3Site, nth: number): Promise<End | undefined> {
  const { end } = await endBySignal(site, { of: 'all', nth }, ({ pid }) => signal(-pid, 'SIGINT'));
  return end.code === 0 ? undefined : end;
}

/** Of the only run of a site. */
async function runIdIn(site: S3Site): Promise<string | undefined> {
  const { objects } = await listAll(site.store, 'results/runs/');
  return objects[0]?.key.split('/')[2];
}

async function inflictOn(site: S3Site, damage: Damage, key: string, other: string): Promise<void> {
  const folder = site.path('..', 'objects');
  mkdirSync(folder);
  const paths = [join(folder, '0'), join(folder, '1')] as const;
  for (const [place, name] of [key, other].entries()) writeFileSync(paths[place]!, await site.store.get(name));
  inflict(damage, ...paths);
  for (const [place, name] of (damage.how === 'swapped' ? [key, other] : [key]).entries()) {
    if (existsSync(paths[place]!)) await site.store.put(name, readFileSync(paths[place]!));
    else await site.store.delete(name);
  }
}
