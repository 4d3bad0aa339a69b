/** Commands that the programs themselves tell their users to type, found in the texts of their sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { root } from './commands.ts';

export interface PrintedCommand {
  readonly file: string;
  readonly line: number;
  /** Words behind `cosmicai`, with a number in the place of what is put in as the text is printed. */
  readonly args: readonly string[];
}

/** Stands for a value. A number, since that is taken as a name, a path and a count. */
const VALUE = '7';

/** Every `cosmicai …` within a text of the sources; the examples of --help, which are whole lines, are not among them. */
export function printedCommands(): PrintedCommand[] {
  return sourceFiles().flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    if (!text.includes('cosmicai ')) return [];
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
    const found: PrintedCommand[] = [];
    const visit = (node: ts.Node): void => {
      const said = textOf(node);
      if (said !== undefined && !/^\nExamples?:/.test(said)) {
        const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
        found.push(...commandsIn(said).map((args) => ({ file, line: line + 1, args })));
      }
      node.forEachChild(visit);
    };
    visit(source);
    return found;
  });
}

function sourceFiles(): string[] {
  const folders = ['packages', 'services'].flatMap((name) =>
    readdirSync(join(root, name)).map((inner) => `${name}/${inner}/src`),
  );
  return [...folders, 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.m?ts$/.test(name))
      .map((name) => join(folder, name)),
  );
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => VALUE + literal.text).join('');
}

/** What ends a command within a sentence. */
const END = /\n| \(|[)"`,;:.]+(?=\s|$)/;

function commandsIn(text: string): string[][] {
  return [...text.matchAll(/(?<![\w@/.-])cosmicai (?=\S)/g)].map(({ index, 0: { length } }) => {
    const [told = ''] = text
      .slice(index + length)
      .replaceAll(/<[^>]+>/g, VALUE)
      .replaceAll('… ', '')
      .split(END);
    const words = told.split(' ');
    // What goes on in lower case, with no option before it, is the sentence.
    const end = words.findIndex((word, at) => at > 1 && /^[a-z]+$/.test(word) && !words[at - 1]!.startsWith('--'));
    return end === -1 ? words : words.slice(0, end);
  });
}
