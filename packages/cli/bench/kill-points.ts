/**
 * Kills a run after each of its events in turn, now the command alone, now its whole group, and goes on with it: nothing may be
 * lost, done twice, or different from a run that nobody disturbed.
 *
 *   node packages/cli/bench/kill-points.ts [points] [seed]
 *
 * Prints one line for each point that is not as it should be, then JSON.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { seededRandom } from '@cosmicai/metrics';
import { eventsIn, executionsIn, ofType } from '../test/support/events.ts';
import { printedRun, Workspace } from '../test/support/workspace.ts';

const POINTS = Number(process.argv[2] ?? 60);
const SEED = Number(process.argv[3] ?? 1);
const RANKS = 4;
const GALAXIES = 24;

interface Point {
  readonly event: number;
  /** The last thing that the run told before it was killed. */
  readonly after: string;
  readonly whom: 'command' | 'group';
  readonly wholeRanks: number;
  readonly problems: readonly string[];
}

const workspace = new Workspace();
try {
  await workspace.survey('parts', { count: GALAXIES, files: RANKS });
  const reference = printedRun(await workspace.cosmicai(runInto('reference')));
  const events = eventsIn(reference.directory).length;
  const expected = predictionsOf('reference', reference.summary!.run_id);
  const random = seededRandom(SEED);
  const points: Point[] = [];
  for (let point = 0; point < POINTS; point++) {
    // Every event once, then some again.
    const at = point < events ? point + 1 : 1 + Math.floor(random() * events);
    const whom = random() < 0.5 ? 'command' : 'group';
    const found = await killAt(`run-${point}`, at, whom, expected);
    points.push(found);
    for (const problem of found.problems)
      process.stderr.write(`event ${at} (${found.after}), ${whom} killed: ${problem}\n`);
  }
  const wrong = points.filter(({ problems }) => problems.length > 0);
  process.stdout.write(
    `${JSON.stringify(
      {
        points: points.length,
        events,
        seed: SEED,
        killed: points.filter(({ after }) => after !== 'the end').length,
        after: Object.fromEntries(
          [...Map.groupBy(points, ({ after }) => after)].map(([after, of]) => [after, of.length]),
        ),
        whole_ranks_kept: points.reduce((sum, { wholeRanks }) => sum + wholeRanks, 0),
        wrong: wrong.length,
      },
      null,
      2,
    )}\n`,
  );
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  workspace.remove();
}

function runInto(results: string): string[] {
  return [
    ...['run', '--data', 'parts', '--world-size', String(RANKS), '--batch-size', '4', '--concurrency', '2'],
    ...['--results', results, '--json', '--no-report'],
  ];
}

async function killAt(results: string, at: number, whom: Point['whom'], expected: readonly string[]): Promise<Point> {
  const run = workspace.start(runInto(results));
  const over = new AbortController();
  void run.ended.then(() => over.abort());
  for (;;) {
    const [directory] = executionsIn(workspace.path(results));
    if (over.signal.aborted || (directory !== undefined && eventsIn(directory).length >= at)) break;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const { pid } = run.process;
  if (!over.signal.aborted) process.kill(whom === 'group' ? -pid! : pid!, 'SIGKILL');
  const end = await run.ended;
  const [directory] = executionsIn(workspace.path(results));
  const before = eventsIn(directory!);
  await endOf(before.filter(ofType('FunctionStarted')).flatMap(({ pid: of }) => of ?? []));
  const whole = ranksWithResult(results);

  const resumed = await workspace.cosmicai(['run', '--resume', directory!, '--json', '--no-report']);
  const summary = resumed.code === 0 ? printedRun(resumed).summary : null;
  const again = eventsIn(directory!)
    .slice(before.length)
    .filter(ofType('ChildStarted'))
    .map(({ index }) => index)
    .filter((rank) => whole.includes(rank));
  const verified = summary === null ? undefined : await workspace.cosmicai(['verify', results]);
  const problems = [
    ...(resumed.code === 0 ? [] : [`resume ended with ${String(resumed.code)}: ${resumed.stderr.slice(-500)}`]),
    ...(/\n {4}at /.test(resumed.stderr) ? ['a stack trace'] : []),
    ...(again.length === 0 ? [] : [`ranks ${again.join(', ')} were whole and ran again`]),
    ...(summary === null || summary.samples === GALAXIES ? [] : [`${summary.samples} galaxies`]),
    ...(summary === null || same(predictionsOf(results, summary.run_id), expected) ? [] : ['other predictions']),
    ...(verified === undefined || verified.code === 0 ? [] : [verified.stdout]),
  ];
  const after = end.code === 0 ? 'the end' : (before.at(-1)?.type ?? 'nothing');
  return { event: at, after, whom, wholeRanks: whole.length, problems };
}

/** Results are the last that a rank writes; there is one run, or none yet. */
function ranksWithResult(results: string): number[] {
  if (!workspace.exists(results, 'runs')) return [];
  const runs = workspace.names(results, 'runs');
  if (runs.length > 1) throw new Error(`${runs.length} runs in ${results}`);
  return runs.flatMap((runId) =>
    workspace.names(results, 'runs', runId).flatMap((name) => (/^\d+\.json$/.test(name) ? [parseInt(name, 10)] : [])),
  );
}

function predictionsOf(results: string, runId: string): string[] {
  const folder = workspace.path(results, 'runs', runId, 'predictions');
  return readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(`${folder}/${name}`))
          .digest('hex')}`,
    );
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.join('\n') === b.join('\n');
}

/** Functions whose parent is gone end by themselves. */
async function endOf(pids: readonly number[]): Promise<void> {
  const isRunning = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (pids.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 5));
}
