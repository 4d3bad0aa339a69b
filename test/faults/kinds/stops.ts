import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runArgs, type Bench } from '../bench.ts';
import { checkSame, goOn, goOnAfterKill, recomputedSince, soFar } from '../go-on.ts';
import { between, kindOf, oneOf, type Kind, type Outcome } from '../schedule.ts';
import { signal, sleep, type Command, type Moment, type Site } from '../site.ts';
import { rankProcesses } from './kill.ts';
import { startServer, type Server } from './server.ts';

const WORKFLOW = fileURLToPath(new URL('../../../state-machine.asl.yml', import.meta.url));
/** Of a rank that is stopped for good: enough for one at work on a machine that has much else to do. */
const RANK_TIMEOUT_S = 12;

type Stopped = 'rank' | 'command' | 'group' | 'rendezvous';

interface Stop extends Moment {
  readonly fmi: boolean;
  /** How long it lies still, ms. */
  readonly forMs: number;
  /** What happens then; `timed-out`: it is never continued, and the workflow's time limit ends it. */
  readonly then: 'continued' | 'interrupted' | 'killed' | 'timed-out';
}

function stopKind(who: Stopped, what: string, thens: readonly Stop['then'][], events: readonly [number, number]): Kind {
  return kindOf<Stop>({
    name: `stop-${who}`,
    over: 'local',
    what,
    draw: (random, index) => ({
      event: between(random, ...events),
      delayMs: oneOf(random, [0, between(random, 0, 300)]),
      forMs: between(random, 100, 4000),
      then: thens[index % thens.length]!,
      fmi: who === 'rendezvous' || oneOf(random, [true, false, false]),
    }),
    play: (stop, bench) => play(who, stop, bench),
  });
}

export const stopKinds: readonly Kind[] = [
  stopKind(
    'rank',
    'the process of a rank is stopped; it goes on later, or its run is interrupted, killed or runs out of time',
    ['continued', 'interrupted', 'killed', 'timed-out'],
    [14, 24],
  ),
  stopKind('command', 'the command is stopped; it goes on later, or is killed', ['continued', 'killed'], [1, 34]),
  stopKind(
    'group',
    'all processes are stopped (Ctrl-Z); they go on later, or are killed',
    ['continued', 'killed'],
    [1, 34],
  ),
  stopKind(
    'rendezvous',
    'the server through which ranks meet is stopped; it goes on later, or the run is interrupted',
    ['continued', 'interrupted'],
    [6, 30],
  ),
];

async function play(who: Stopped, stop: Stop, bench: Bench): Promise<Outcome> {
  const site = bench.site();
  let server: Server | undefined;
  try {
    const truth = await bench.truthAt(site);
    server = who === 'rendezvous' ? await startServer(site) : undefined;
    const environment = server?.environment ?? {};
    const begun = argsOf(stop, site, server);
    const run = site.start(begun, { environment });
    const pids = (await site.reaches(run, stop)) ? pidsOf(who, run, site, server) : [];
    const met = pids.length > 0 && pids.every((pid) => signal(pid, 'SIGSTOP'));
    if (met) await whatThen(stop, run, pids);
    const end = await run.ended;
    // The server is back before anybody goes on, else there would be nobody to meet through.
    for (const pid of pids) signal(pid, 'SIGCONT');
    const left = server === undefined && end.signal !== null ? await site.checkLeftProcesses() : [];
    const before = await soFar(site);
    const { ended, problems } =
      end.signal === null ? await goOn(site, end, environment) : await goOnAfterKill(site, begun, environment);
    await server?.close();
    await site.nextDay();
    return {
      met,
      ended,
      problems: [...left, ...problems, ...(await checkSame(site, truth, await bench.undisturbed()))],
      ...(end.code === 0 ? {} : recomputedSince(before)),
    };
  } finally {
    await server?.close();
    site.remove();
  }
}

/** A rank that is stopped for good needs a workflow with a shorter time limit: the deployed one has a quarter of an hour. */
function argsOf({ then, fmi }: Stop, site: Site, server: Server | undefined): string[] {
  if (server !== undefined) return [...runArgs(), server.payload];
  if (then !== 'timed-out') return runArgs({ fmi });
  const text = readFileSync(WORKFLOW, 'utf8');
  const shorter = text.replace(/(\n {10}OutputPath: \$\.Payload\n {10}TimeoutSeconds: )930/, `$1${RANK_TIMEOUT_S}`);
  if (shorter === text) throw new Error('the workflow has no such time limit');
  writeFileSync(site.path('hasty.asl.yml'), shorter);
  return [...runArgs({ fmi }), '--definition', 'hasty.asl.yml'];
}

function pidsOf(who: Stopped, { pid }: Command, site: Site, server: Server | undefined): readonly number[] {
  switch (who) {
    case 'rank':
      return rankProcesses(site).slice(0, 1);
    case 'command':
      return [pid];
    case 'group':
      return [-pid];
    case 'rendezvous':
      return server?.pids ?? [];
  }
}

async function whatThen({ forMs, then }: Stop, { pid }: Command, pids: readonly number[]): Promise<void> {
  if (then === 'timed-out') return;
  await sleep(forMs);
  if (then === 'continued') for (const stopped of pids) signal(stopped, 'SIGCONT');
  if (then === 'interrupted') signal(-pid, 'SIGINT');
  // A stopped group takes no other signal to heart; the command alone leaves functions behind, which must end.
  if (then === 'killed') signal(pid, 'SIGKILL');
}
