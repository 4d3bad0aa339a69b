/** Blocks of commands in pages of Markdown, what is marked about them, and what the pages say that they print. */

/** What is said about a block by a comment before it: `<!-- run: given full.pt; with --count 64; exits 1 -->`. */
export interface Mark {
  /** Needs AWS's services, but no stage: runs beside the stand-in. What needs a stage runs in `pnpm rehearse`. */
  readonly standIn: boolean;
  /** What a user is taken to have, by name. */
  readonly given: readonly string[];
  /** Options in place of those of the text, or beside them: `--count 64` instead of thousands. */
  readonly options: readonly (readonly string[])[];
  /** The test that runs these commands, where it isn't this one. */
  readonly by?: string;
  readonly exits: number;
  /** Runs until it prints this, then gets Ctrl-C. */
  readonly until?: string;
  /** The request that the stand-in lacks, on which a command so typed ends. */
  readonly lacking?: string;
}

export interface Block {
  readonly page: string;
  readonly line: number;
  readonly commands: readonly string[];
  readonly mark: Mark;
  /** What the page shows of its output. */
  readonly output?: string;
}

/** A file that a page tells its reader to write: `<!-- file: trust.json -->` before what is in it. */
export interface WrittenFile {
  readonly name: string;
  readonly text: string;
}

/** A block beside commands that shows what none of them is said to print. */
export interface Shown {
  readonly page: string;
  readonly line: number;
  readonly reason: string;
}

export interface Page {
  readonly blocks: readonly Block[];
  readonly shown: readonly Shown[];
  readonly files: readonly WrittenFile[];
  /** Commands within sentences and tables. */
  readonly spans: readonly { readonly line: number; readonly text: string }[];
}

interface Fence {
  readonly line: number;
  readonly language: string;
  readonly text: string;
  readonly comment: string | undefined;
  readonly heading: number;
}

const SHELL = new Set(['sh', 'bash', 'console', 'shell']);
const PROGRAM = /^\s*(?:[A-Z_]+=\S+ )*(cosmicai|pnpm|npm|npx|node|python3?|pip|aws|docker|git|cd|export|torchrun) /m;

/** @throws Error where a mark can't be understood, or a block holds commands or text and doesn't say so */
export function readPage(page: string, markdown: string): Page {
  const { fences, spans } = scan(markdown);
  const blocks: Block[] = [];
  const shown: Shown[] = [];
  const files: WrittenFile[] = [];
  let heading = -1;
  for (const fence of fences) {
    const at = `${page}:${fence.line}`;
    const name = /^file: (\S+)$/.exec(fence.comment ?? '')?.[1];
    if (name !== undefined) files.push({ name, text: fence.text });
    else if (SHELL.has(fence.language)) {
      const mark = readMark(fence.comment, at);
      blocks.push({ page, line: fence.line, commands: commandsOf(fence.text), mark });
      heading = fence.heading;
    } else if (fence.language === '') {
      const reason = /^shown: (.+)$/.exec(fence.comment ?? '')?.[1];
      const last = blocks.at(-1);
      if (reason !== undefined) shown.push({ page, line: fence.line, reason });
      else if (PROGRAM.test(fence.text)) throw new Error(`${at}: a block with commands is to say so: \`\`\`sh`);
      else if (last === undefined || heading !== fence.heading) continue;
      else if (last.output !== undefined)
        throw new Error(`${at}: which command prints this? If none does: <!-- shown: why --> before it`);
      else blocks[blocks.length - 1] = { ...last, output: fence.text };
    }
  }
  return { blocks, shown, files, spans };
}

function scan(markdown: string): { fences: Fence[]; spans: Page['spans'] } {
  const fences: Fence[] = [];
  const spans: { line: number; text: string }[] = [];
  let open: { line: number; indent: number; language: string; text: string[] } | undefined;
  let comment: string | undefined;
  let heading = 0;
  for (const [index, text] of markdown.split('\n').entries()) {
    const line = index + 1;
    if (open !== undefined) {
      if (/^ *```$/.test(text)) {
        fences.push({ ...open, text: open.text.join('\n'), comment, heading });
        [open, comment] = [undefined, undefined];
      } else open.text.push(text.slice(open.indent));
      continue;
    }
    const [, indent, language] = /^( *)```(\w*)$/.exec(text) ?? [];
    const [, said] = /^ *<!-- (.*) -->$/.exec(text) ?? [];
    if (indent !== undefined) open = { line, indent: indent.length, language: language!, text: [] };
    else if (said !== undefined) comment = said;
    else if (text.trim() !== '') comment = undefined;
    if (text.startsWith('#')) heading = line;
    if (open === undefined) for (const [, span] of text.matchAll(/`([^`]+)`/g)) spans.push({ line, text: span! });
  }
  return { fences, spans };
}

function readMark(comment: string | undefined, at: string): Mark {
  const mark = { given: [] as string[], options: [] as string[][] };
  let rest: Partial<Mark> = {};
  const [, clauses] = /^run: (.*)$/.exec(comment ?? '') ?? [];
  for (const clause of clauses?.split('; ') ?? []) {
    const [, word = '', said = ''] = /^(\S+) ?(.*)$/.exec(clause) ?? [];
    if (word === 'standin' && said === '') rest = { ...rest, standIn: true };
    else if (word === 'given') mark.given.push(...said.split(', '));
    else if (word === 'with') mark.options.push(...optionsIn(said));
    else if (word === 'exits') rest = { ...rest, exits: Number(said) };
    else if (word === 'until') rest = { ...rest, until: said };
    else if (word === 'lacking') rest = { ...rest, lacking: said };
    else if (word === 'by') rest = { ...rest, by: said };
    else throw new Error(`${at}: nobody knows how to run "${clause}"`);
  }
  return { exits: 0, standIn: false, ...mark, ...rest };
}

/** `--count 64 --yes` as [['--count', '64'], ['--yes']]. */
function optionsIn(said: string): string[][] {
  return said.split(/ (?=--)/).map((option) => option.split(' '));
}

/** Commands, a line each; those that go on behind `\` are one. */
function commandsOf(text: string): string[] {
  const lines = text.replaceAll(/\\\n\s*/g, '').split('\n');
  return lines.map((line) => line.replace(/(^|\s+)#.*$/, '').trim()).filter((line) => line !== '');
}
