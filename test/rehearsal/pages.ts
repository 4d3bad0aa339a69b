/** What docs/deploy.md shows, each with an id: its command blocks and the rows of its tables. And which of it a rehearsal has shown. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPage } from '../docs/blocks.ts';
import { root } from '../docs/commands.ts';
import { whyNoTool } from '../docs/tools.ts';

export interface Item {
  /** `<heading>/<number of the command>` or `<heading>/<first cell>`. */
  readonly id: string;
  /** The command, or the row. */
  readonly text: string;
}

const PAGE = 'docs/deploy.md';

/** All commands in blocks of the page, and all rows of its tables. */
export function itemsOf(markdown: string): Item[] {
  const lines = markdown.split('\n');
  const headingAt = (line: number) =>
    slug(
      lines
        .slice(0, line)
        .findLast((text) => text.startsWith('#'))
        ?.replace(/^#+ /, '') ?? '',
    );
  const commands = readPage(PAGE, markdown).blocks.flatMap(({ line, commands: inBlock }) =>
    inBlock.map((text) => ({ heading: headingAt(line), text })),
  );
  const numbered = commands.map(({ heading, text }, at) => {
    const before = commands.slice(0, at).filter((other) => other.heading === heading).length;
    return { id: `${heading}/command-${before + 1}`, text };
  });
  const rows = lines.flatMap((text, at) => {
    // The names of the columns have a line below them.
    if (!text.startsWith('|') || /^\|[-| ]*$/.test(text) || (lines[at + 1] ?? '').startsWith('| -')) return [];
    const [, first = ''] = /^\| (.*?) +\|/.exec(text) ?? [];
    return [{ id: `${headingAt(at)}/${slug(first)}`, text }];
  });
  return [...numbered, ...rows];
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

export function itemsOfPage(): Item[] {
  return itemsOf(readFileSync(join(root, PAGE), 'utf8'));
}

/** Commands in blocks of all pages that are to be rehearsed, by page and text. */
export function commandsOfPage(page: string): readonly string[] {
  return readPage(page, readFileSync(join(root, page), 'utf8')).blocks.flatMap(({ commands }) => commands);
}

/** Of a page's commands those that it says are rehearsed and this machine has the program for. */
export function commandsToRehearse(page: string): readonly string[] {
  const { blocks } = readPage(page, readFileSync(join(root, page), 'utf8'));
  const rehearsed = blocks.filter(({ mark }) => mark.by === 'pnpm rehearse').flatMap(({ commands }) => commands);
  return rehearsed.filter((command) => whyNoTool(command) === undefined);
}

const NAME_ELSEWHERE = 'a name in use elsewhere: there is nothing to do';

/** Why something of the page is not shown, by its id or what that begins with. */
export const NOT_SHOWN: Readonly<Record<string, string>> = {
  'without-an-account/command-2': 'installs what the rehearsal itself needs',
  'without-an-account/command-3': 'is the stand-in that this runs on',
  'what-is-deployed/data-parallel-init': NAME_ELSEWHERE,
  'what-is-deployed/inference-cosmic-executor': NAME_ELSEWHERE,
  'what-is-deployed/summarize': NAME_ELSEWHERE,
  'what-is-deployed/resultsummary': NAME_ELSEWHERE,
  'permissions/command': 'asks AWS nothing, so the test of pages types it',
  'costs-at-rest/': 'a price list: nothing here sends bills',
  'alarms/': 'moto holds alarms and lets none go off',
  'traces/': 'moto has no X-Ray; packages/trace has tests of its own',
  'when-it-doesn-t-work/aws-doesn-t-know': 'everybody is known to moto; packages/cli/test/aws/usage.test.ts shows it',
  'when-it-doesn-t-work/memorysize': 'moto allows any memory',
  'when-it-doesn-t-work/no-permission': 'moto checks no permissions; policies are checked against the recorded calls',
  'when-it-doesn-t-work/the-image-registry':
    'moto runs no containers, so no image is pushed; packages/deploy/test/registry.long.test.ts shows it',
  'when-it-doesn-t-work/ecs': 'moto runs no containers',
  'when-it-doesn-t-work/the-stack':
    'moto ends no deployment half-way; packages/aws/test/stage.test.ts shows what is said',
};
