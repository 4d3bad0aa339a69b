/** What stays of an output from one machine, run and day to the next: words, rows, units; no numbers, ids, dates, folders. */

const UNIT = String.raw`(?: ?(?:µs|ms|s|MB|GB|GiB|MiB|MB\/s|bit\/s|kbit\/s|Mbit\/s|Gbit\/s|%|USD|galaxies\/s|\/s))?(?![\w/])`;
const NUMBER = new RegExp(String.raw`[-−+]?\d(?:[\d,.]*\d)?(?:e[-−+]?\d+)?(?:${UNIT}|)`, 'g');

export interface Places {
  /** Where the user stands, and the repository. */
  readonly folder: string;
  readonly root: string;
}

/** Says how an output differs in shape from what a page shows of it; undefined when it doesn't. `…` stands for anything. */
export function differenceInShape(shown: string, printed: string, places?: Places): string | undefined {
  const [expected, actual] = [shapesOf(shown), shapesOf(places === undefined ? printed : atHome(printed, places))];
  let at = 0;
  let gap = false;
  for (const line of expected) {
    if (line === '…') {
      gap = true;
      continue;
    }
    const matches = matcher(line);
    const found = gap ? actual.findIndex((text, index) => index >= at && matches(text)) : at;
    const text = actual[found];
    if (text === undefined || !matches(text))
      return `the page shows    ${line}\nthe command prints ${gap ? 'nothing like it' : (text ?? 'nothing more')}\n\nall that it prints:\n${printed}`;
    at = found + 1;
    gap = false;
  }
  if (!gap && at < actual.length) return `the page doesn't show   ${actual[at] ?? ''}`;
  return undefined;
}

/** Folders as the pages name them. */
function atHome(text: string, { folder, root }: Places): string {
  return text.replaceAll(folder, '/home/me').replaceAll(root, '/home/me/cosmicai');
}

/** A line for each, without those that repeat the shape before. */
function shapesOf(text: string): string[] {
  const shapes = text.split('\n').map(shapeOf);
  return shapes.filter((shape, index) => shape !== '' && shape !== shapes[index - 1]);
}

function shapeOf(line: string): string {
  return line
    .replaceAll('/home/me/cosmicai/', '/home/me/')
    .replaceAll(/\d{8}T\d{6}Z-[0-9a-f]{4,8}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<date>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<hash>')
    .replaceAll(/[\w.-]+:\d{1,5}\b/g, '<address>')
    .replaceAll(/\d+ x [^,]+(?=, Node)/g, '<processor>')
    .replaceAll(NUMBER, '#')
    .replaceAll(/ (warm|–)(?= |$)/g, ' #')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function matcher(line: string): (text: string) => boolean {
  const escaped = line.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const pattern = new RegExp(`^${escaped.join('.*')}$`);
  return (text) => pattern.test(text);
}
