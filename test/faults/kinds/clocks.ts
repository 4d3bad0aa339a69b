import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runArgs, type Bench } from '../bench.ts';
import { checkSame, goOn } from '../go-on.ts';
import { checkEnd } from '../invariants.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, type End, type Moment, type Site } from '../site.ts';

const HOUR = 3600;

/** What a clock that was wrong, or is, leads to. Offsets are in seconds; nothing here changes the machine's clock. */
type Wrong =
  /** The command's own clock jumps, once it has run for a while. */
  | { readonly how: 'jump'; readonly seconds: number; readonly afterMs: number }
  /** A run that was killed while it published left its lease, with an end by its own clock. */
  | { readonly how: 'lease'; readonly endsIn: number }
  /** The lock of a process that is gone, of this machine or another, last touched by its own clock. */
  | ({ readonly how: 'lock'; readonly host: 'this' | 'other'; readonly touched: number } & Moment)
  /** Partitions and the model come from a machine with another clock. */
  | { readonly how: 'inputs'; readonly written: number };

export const clockKinds: readonly Kind[] = [
  kindOf<Wrong>({
    name: 'clock',
    over: 'local',
    what: "the command's clock jumps; leases, locks and inputs have times of clocks that are wrong",
    draw: (random, index) => {
      const offset = oneOf(random, [-1, 1]) * oneOf(random, [30, HOUR, 24 * HOUR, 400 * 24 * HOUR]);
      switch (index % 4) {
        case 0:
          return { how: 'jump', seconds: offset, afterMs: between(random, 0, 3000) };
        case 1:
          return { how: 'lease', endsIn: oneOf(random, [-1, -400 * 24 * HOUR, 2, offset]) };
        case 2: {
          const host = oneOf(random, ['this', 'other'] as const);
          // Of another machine one that was touched a moment ago, or will be by its own clock, may well be at work.
          const touched = host === 'other' && offset > -HOUR ? -HOUR : offset;
          return { how: 'lock', host, touched, event: between(random, 1, 30), delayMs: 0 };
        }
        default:
          return { how: 'inputs', written: offset };
      }
    },
    play,
  }),
];

async function play(wrong: Wrong, bench: Bench): Promise<Outcome> {
  const site = bench.site();
  try {
    const truth = await bench.truthAt(site);
    const end = await endUnder(wrong, site);
    if (end === undefined) return { met: false, ended: 'unharmed', problems: [] };
    const { ended, problems } = await goOn(site, end);
    return {
      met: true,
      ended,
      problems: [...problems, ...(await checkSame(site, truth, await bench.undisturbed()))],
    };
  } finally {
    site.remove();
  }
}

async function endUnder(wrong: Wrong, site: Site): Promise<End | undefined> {
  const now = Date.now() / 1000;
  switch (wrong.how) {
    case 'jump': {
      const script = site.path('..', 'jump.mjs');
      writeFileSync(script, jumping(wrong.seconds, wrong.afterMs));
      return await site.run(runArgs(), { environment: { NODE_OPTIONS: `--import=${pathToFileURL(script).href}` } });
    }
    case 'lease': {
      const at = (seconds: number) => new Date((now + seconds) * 1000).toISOString();
      mkdirSync(site.path('results'), { recursive: true });
      writeFileSync(
        site.path('results', 'publishing.json'),
        JSON.stringify({ run_id: 'gone', since: at(wrong.endsIn - 60), expires_at: at(wrong.endsIn) }),
      );
      return await site.run(runArgs());
    }
    case 'lock': {
      const run = site.start(runArgs());
      if (await site.reaches(run, wrong)) signal(-run.pid, 'SIGINT');
      const end = await run.ended;
      const directory = site.executions().at(-1);
      if (end.code === 0 || directory === undefined || checkEnd(end).length > 0)
        return end.code === 0 ? undefined : end;
      const lock = join(directory, 'lock.json');
      const owner = { host: wrong.host === 'this' ? hostname() : 'elsewhere', process: 'gone', pid: process.pid };
      writeFileSync(lock, JSON.stringify({ ...owner, started_at: new Date().toISOString() }));
      utimesSync(lock, now + wrong.touched, now + wrong.touched);
      return await site.run(['run', '--resume', directory, '--no-report']);
    }
    case 'inputs':
      for (const file of ['parts/1.pt', 'parts/3.pt', 'model.onnx'])
        utimesSync(site.path(file), now + wrong.written, now + wrong.written);
      return await site.run(runArgs());
  }
}

/** Runs before the command: from a while on its dates are others, as when the machine's clock is set. */
function jumping(seconds: number, afterMs: number): string {
  return `
const RealDate = Date;
const jumpsAt = performance.now() + ${afterMs};
const now = () => RealDate.now() + (performance.now() < jumpsAt ? 0 : ${seconds * 1000});
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now());
    else super(...args);
  }
  static now() {
    return now();
  }
};
`;
}
