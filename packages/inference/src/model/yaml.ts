import { isAlias, isCollection, isMap, isNode, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';

/* The package is CommonJS, whose names a bundle finds by a static import, not by a dynamic one: so this module is imported when needed. */

/** A text in YAML, of which JSON is a part: what it says, or why it says nothing. */
export type ReadYaml = YamlValue | YamlFault;

export interface YamlValue {
  readonly value: unknown;
  /** The line of a field, or of the last one on the way to it that is there; from 1. */
  readonly lineOf: (path: readonly PropertyKey[]) => number | undefined;
}

export interface YamlFault {
  /** From 1. */
  readonly line: number;
  /** What is wrong there, and what to do. */
  readonly fault: string;
}

const NO_ALIASES =
  'refers to what stands elsewhere (*name), and such references are not followed; write out here what they stand for';

/** By the codes of the package, whose own sentences speak of how YAML is parsed. */
const FAULTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'is indented by a tab; indent by blanks',
  MULTIPLE_DOCS: 'begins a second document (---); keep one of them',
  BAD_INDENT:
    'is not indented as those of its like, or a [ or { before it is not closed; begin like things at the same column and close brackets',
  BLOCK_AS_IMPLICIT_KEY:
    'has a second "key:" in it; give each key a line of its own, or put text with a colon in quotes',
  MULTILINE_IMPLICIT_KEY: 'is no "key: value"; put a colon and a blank behind the key, or text in quotes',
  MISSING_CHAR: 'lacks the end of a quoted text, a ] or }, or the colon behind a key; add it',
  BAD_SCALAR_START: 'has a text that begins with @, ` or %; put it in quotes',
  BAD_DQ_ESCAPE: 'has a backslash that means nothing; write two, or put the text in single quotes',
  TAG_RESOLVE_FAILED: 'has a tag (!name), which means nothing here; leave it out',
  BAD_DIRECTIVE: 'has a directive (%) that means nothing here; leave it out',
  BAD_ALIAS: NO_ALIASES,
};
const OTHER_FAULT = 'can’t be read; write "key: value", and put text with special characters in quotes';

export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true, logLevel: 'error' });
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const [first] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (first !== undefined) {
    const [at] = first.pos;
    return {
      line: lineAt(at),
      fault: first.code === 'DUPLICATE_KEY' ? twice(text, at) : (FAULTS[first.code] ?? OTHER_FAULT),
    };
  }
  const alias = firstAlias(document);
  if (alias !== undefined) return { line: lineAt(alias), fault: NO_ALIASES };
  return {
    value: document.toJS() as unknown,
    lineOf(path) {
      const at = placeOf(document, path);
      return at === undefined ? undefined : lineAt(at);
    },
  };
}

function twice(text: string, at: number): string {
  const [, key = ''] = /^["']?([^"':\n]*)/.exec(text.slice(at, at + 60)) ?? [];
  return `has the key ${key.trim()} again; keep one of the two`;
}

/** Offset of the first reference to an anchor: a few of them can stand for gigabytes. */
function firstAlias(document: Document): number | undefined {
  let found: number | undefined;
  visit(document, {
    Alias(_, node) {
      found = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return found;
}

/** Offset of the field at a path, or of the last one on the way to it that is there. */
function placeOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = document.contents;
  let place: number | undefined;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) break;
      place = isNode(pair.key) ? pair.key.range?.[0] : place;
      node = pair.value;
    } else if (isCollection(node)) {
      const item: unknown = node.items[Number(part)];
      if (!isNode(item) || isAlias(item)) break;
      place = item.range?.[0];
      node = item;
    } else break;
  }
  return place;
}
