import { shellWord } from '../../packages/payload/src/index.ts';
import { join } from 'node:path';
import { eventsIn, ofType } from '../../packages/cli/test/support/events.ts';
import { checkEnd, checkFiles, checkPublished, filesOf, nextCommand, type Truth } from './invariants.ts';
import type { Outcome } from './schedule.ts';
import type { End, Site } from './site.ts';

/** A way on may have a step between: `verify` says what to mend, and `--resume` may have to be told to accept it. */
const MOST_STEPS = 4;

export interface Recovery {
  readonly ended: 'unharmed' | 'resumed';
  /** Commands that were typed, as printed. */
  readonly typed: readonly string[];
  readonly problems: readonly string[];
}

/** Types what a command printed, and what that prints in turn, until one ends well. */
export async function goOn(
  site: Site,
  first: End,
  environment: Readonly<Record<string, string>> = {},
): Promise<Recovery> {
  const typed: string[] = [];
  const problems = checkEnd(first);
  let end = first;
  while (end.code !== 0 && problems.length === 0) {
    const command = nextCommand(`${end.stdout}\n${end.stderr}`);
    if (command === undefined || typed.length === MOST_STEPS) {
      problems.push(`what was printed leads nowhere: ${typed.join(', ')}: ${end.stderr.slice(-500)}`);
      break;
    }
    typed.push(command);
    end = await site.type(command, environment);
    problems.push(...checkEnd(end).map((problem) => `${command}: ${problem}`));
  }
  return { ended: typed.length === 0 ? 'unharmed' : 'resumed', typed, problems };
}

/**
 * Goes on after a command that had no chance to say how, as `status` says it; with the same again where it had not begun. Where
 * `status` names nothing the run was over, which the checks then tell.
 */
export async function goOnAfterKill(
  site: Site,
  begun: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Recovery> {
  const command =
    site.executions().length === 0
      ? ['cosmicai', ...begun].map(shellWord).join(' ')
      : nextCommand((await site.run(['status', site.results()])).stdout);
  if (command === undefined) return { ended: 'unharmed', typed: [], problems: [] };
  return { ...(await goOn(site, await site.type(command, environment), environment)), ended: 'resumed' };
}

/** Whether a site is as a run that came to its end leaves it. */
export async function checkRight(site: Site, truth: Truth, results = 'results'): Promise<string[]> {
  return [...(await checkPublished(site.store, results, truth)), ...(await site.checkLeftovers(results))];
}

/** As `checkRight`, and the ranks left the same bytes as in a run that nobody disturbed. */
export async function checkSame(
  site: Site,
  truth: Truth,
  undisturbed: ReadonlyMap<string, string>,
  results = 'results',
): Promise<string[]> {
  const problems = await checkRight(site, truth, results);
  return problems.length > 0 ? problems : checkFiles(await filesOf(site.store, results), undisturbed);
}

/** Ranks that have a result, and how far the events of an execution had come: what must not be done again. */
export interface SoFar {
  readonly directory: string | undefined;
  readonly events: number;
  readonly whole: readonly number[];
}

export async function soFar(site: Site, results = 'results'): Promise<SoFar> {
  const directory = site.executions(results).at(-1);
  const whole: number[] = [];
  for await (const { key } of site.store.list(`${results}/runs/`)) {
    const [, rank] = /^[^/]+\/(\d+)\.json$/.exec(key.slice(join(results, 'runs/').length)) ?? [];
    if (rank !== undefined) whole.push(Number(rank));
  }
  return { directory, events: directory === undefined ? 0 : eventsIn(directory).length, whole };
}

/** How many ranks were whole, and how many of them ran again since. */
export function recomputedSince({ directory, events, whole }: SoFar): Pick<Outcome, 'kept' | 'recomputed'> {
  if (directory === undefined) return { kept: 0, recomputed: 0 };
  const again = eventsIn(directory)
    .slice(events)
    .filter(ofType('ChildStarted'))
    .filter(({ index }) => whole.includes(index));
  return { kept: whole.length, recomputed: again.length };
}
