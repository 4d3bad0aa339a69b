/** What a rehearsal leaves: rehearsal.json, the same to read, every call as a line of calls.jsonl, and what roles may do. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordedCall } from '../../packages/aws-standin/src/index.ts';
import { itemsOfPage, NOT_SHOWN } from './pages.ts';
import type { Rehearsal } from './rehearsal.ts';

export interface Played {
  readonly scene: string;
  readonly failure?: string;
}

export interface End {
  readonly played: readonly Played[];
  readonly notPlayed: readonly string[];
  readonly client: string;
  readonly attemptsElsewhere: number;
}

/** @returns what is to be read, and the ids of what is neither shown nor known to have a reason */
export async function writeLog(
  folder: string,
  rehearsal: Rehearsal,
  end: End,
): Promise<{ readonly text: string; readonly unexplained: readonly string[] }> {
  // What the rehearsal itself looked up is no part of what users do.
  const calls = (await rehearsal.aws.calls()).filter(({ principal }) => principal !== 'rehearsal');
  const items = itemsOfPage();
  const notShown = items.filter(({ id }) => !rehearsal.shown.has(id)).map(({ id }) => id);
  const log = {
    ...end,
    commands: rehearsal.commands,
    requests: countsOf(calls),
    sandboxes: rehearsal.sandboxes,
    writable: [...rehearsal.writable],
    shown: items.filter(({ id }) => rehearsal.shown.has(id)).map(({ id }) => id),
    notShown: Object.fromEntries(notShown.map((id) => [id, whyNot(id) ?? 'no scene of this rehearsal shows it'])),
  };
  await writeFile(join(folder, 'rehearsal.json'), `${JSON.stringify(log, null, 1)}\n`);
  await writeFile(join(folder, 'calls.jsonl'), calls.map((call) => `${JSON.stringify(call)}\n`).join(''));
  await writeFile(join(folder, 'roles.json'), `${JSON.stringify(rehearsal.roles, null, 1)}\n`);
  const text = toRead(log);
  await writeFile(join(folder, 'rehearsal.md'), text);
  return { text, unexplained: notShown.filter((id) => whyNot(id) === undefined) };
}

function whyNot(id: string): string | undefined {
  return Object.entries(NOT_SHOWN).find(([begin]) => id.startsWith(begin))?.[1];
}

function countsOf(calls: readonly RecordedCall[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { service, operation } of calls) {
    const name = `${service}:${operation}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)));
}

function toRead(log: {
  readonly played: readonly Played[];
  readonly notPlayed: readonly string[];
  readonly client: string;
  readonly attemptsElsewhere: number;
  readonly commands: Rehearsal['commands'];
  readonly requests: Readonly<Record<string, number>>;
  readonly sandboxes: number;
  readonly writable: readonly string[];
  readonly shown: readonly string[];
  readonly notShown: Readonly<Record<string, string>>;
}): string {
  const list = (lines: readonly string[]) => lines.map((line) => `- ${line}\n`).join('');
  const connections = `${log.attemptsElsewhere} attempts to connect elsewhere; there was no way to`;
  const places = `${log.sandboxes} sandboxes, in which functions could write into ${log.writable.join(', ')} alone`;
  return `# A deployment rehearsed

Functions ran under ${log.client}.

- ${connections}
- ${places}

## Scenes

${list(log.played.map(({ scene, failure }) => (failure === undefined ? `${scene}: as documented` : `${scene}: WRONG: ${failure.split('\n')[0]!}`)))}${list(log.notPlayed.map((scene) => `${scene}: not played (--full plays it)`))}
## Commands

${list(log.commands.map(({ command, exitCode }) => `\`${command}\`: exit code ${String(exitCode)}`))}
## Requests

${list(Object.entries(log.requests).map(([name, count]) => `${name}: ${count}`))}
## docs/deploy.md: shown

${list(log.shown)}
## docs/deploy.md: not shown

${list(Object.entries(log.notShown).map(([id, reason]) => `${id}: ${reason}`))}`;
}
