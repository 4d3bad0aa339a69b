import { whyNoMoto } from '../../moto-server.ts';
import type { Bench } from '../bench.ts';
import { checkSame, goOnAfterKill, recomputedSince, soFar } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import type { S3Site } from '../s3-bench.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, type Command, type End } from '../site.ts';

/** At a request that a run makes of S3, which S3 has got and whose sender learns no answer. */
export interface AtRequest {
  /** The nth of all, or of those by which it publishes. */
  readonly of: 'all' | 'publishing';
  readonly nth: number;
}

interface Kill extends AtRequest {
  readonly victim: 'command' | 'group';
}

/** Of a run over three partitions, without what it asks again. */
const REQUESTS = 70;
const PUBLISHING_REQUESTS = 8;
/** Whoever publishes next waits until the lease of who was killed has run out. */
const PUBLISHING_EACH = 5;

export const s3KillKinds: readonly Kind[] = [
  kindOf<Kill>({
    name: 's3-kill',
    over: 's3',
    what: 'kill -9 of the command or all processes at a request, also while it publishes',
    whyNot: whyNoMoto,
    draw: (random, index) => ({
      victim: oneOf(random, ['command', 'group'] as const),
      ...(index % PUBLISHING_EACH === 0
        ? { of: 'publishing', nth: between(random, 1, PUBLISHING_REQUESTS) }
        : { of: 'all', nth: between(random, 1, REQUESTS) }),
    }),
    play,
  }),
];

/** Sends a signal at a request; answers how the command ended, and whether it was still there to get it. */
export async function endBySignal(
  site: S3Site,
  { of, nth }: AtRequest,
  send: (command: Command) => boolean,
): Promise<{ readonly end: End; readonly met: boolean }> {
  let seen = 0;
  let met = false;
  const run = site.start(site.runArgs());
  site.proxy.watch(({ key }) => {
    if ((of === 'all' || /^results\/[^/]*$/.test(key)) && ++seen === nth) met = send(run);
  });
  const end = await run.ended;
  site.proxy.watch(() => undefined);
  return { end, met };
}

async function play({ victim, ...at }: Kill, bench: Bench): Promise<Outcome> {
  const s3 = await bench.s3();
  const site = await s3.site(0);
  try {
    const truth = await bench.truthAt(site);
    const { end, met } = await endBySignal(site, at, ({ pid }) => signal(victim === 'group' ? -pid : pid, 'SIGKILL'));
    if (end.signal !== 'SIGKILL') return { met: false, ended: 'unharmed', problems: checkEnd(end) };
    const left = await site.checkLeftProcesses();
    const before = await soFar(site);
    const { problems } = await goOnAfterKill(site, site.runArgs());
    return {
      met,
      ended: 'resumed',
      problems: [...left, ...problems, ...(await checkSame(site, truth, await s3.undisturbed()))],
      ...recomputedSince(before),
    };
  } finally {
    await site.close();
  }
}
