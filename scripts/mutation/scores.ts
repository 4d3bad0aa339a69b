import { readFileSync, writeFileSync } from 'node:fs';
import type { schema } from '@stryker-mutator/api/core';
import { format, resolveConfig } from 'prettier';

export interface Score {
  readonly target: string;
  readonly mutants: number;
  readonly killed: number;
  readonly timeout: number;
  readonly survived: number;
  readonly noCoverage: number;
  readonly commit: string;
  readonly date: string;
}

const BEGIN = '<!-- mutation scores -->';
const END = '<!-- end of mutation scores -->';

/** Mutants that a comment switches off count as survivors; those that can't be run, as if they weren't there. */
export function scoreOf(report: schema.MutationTestResult, run: Pick<Score, 'target' | 'commit' | 'date'>): Score {
  const mutants = Object.values(report.files).flatMap((file) => file.mutants);
  const count = (...statuses: schema.MutantStatus[]): number =>
    mutants.filter(({ status }) => statuses.includes(status)).length;
  const [killed, timeout, noCoverage] = [count('Killed'), count('Timeout'), count('NoCoverage')];
  const survived = count('Survived', 'Ignored', 'Pending');
  return { ...run, mutants: killed + timeout + noCoverage + survived, killed, timeout, survived, noCoverage };
}

/** `file:line mutation`, of each mutant that no test noticed. */
export function survivorsOf(report: schema.MutationTestResult): string[] {
  return Object.entries(report.files).flatMap(([name, { source, mutants }]) => {
    const lines = source.split('\n');
    return mutants
      .filter(({ status }) => status === 'Survived' || status === 'NoCoverage' || status === 'Ignored')
      .map(({ location: { start, end }, replacement, status }) => {
        const first = lines[start.line - 1] ?? '';
        const was =
          start.line === end.line
            ? first.slice(start.column - 1, end.column - 1)
            : `${first.slice(start.column - 1)} …`;
        const note = status === 'Survived' ? '' : ` (${status === 'Ignored' ? 'switched off' : 'not covered'})`;
        return `${name}:${start.line}:${start.column}${note}  ${was}  ->  ${(replacement ?? '').replace(/\s+/g, ' ')}`;
      });
  });
}

/** Puts the scores into the page's table, in place of earlier ones of these targets. */
export async function writeScores(page: string, scores: readonly Score[], order: readonly string[]): Promise<void> {
  const text = readFileSync(page, 'utf8');
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${page} has no "${BEGIN}" and "${END}" around its table.`);
  const rows = new Map(
    text
      .slice(from, to)
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .flatMap(([, target = '', ...cells]) => (order.includes(target) ? [[target, cells]] : [])),
  );
  for (const { target, mutants, killed, timeout, survived, noCoverage, commit, date } of scores) {
    const figures = [mutants, killed, timeout, survived, noCoverage, percent(killed + timeout, mutants)];
    rows.set(target, [...figures.map(String), commit, date]);
  }
  const known = order.flatMap((target) => {
    const cells = rows.get(target);
    return cells === undefined ? [] : [{ target, cells }];
  });
  const sumOf = (column: number): number => known.reduce((sum, { cells }) => sum + Number(cells[column]), 0);
  const sums = [0, 1, 2, 3, 4].map(sumOf);
  const table = [
    ['target', 'mutants', 'killed', 'timeout', 'survived', 'no coverage', 'score', 'commit', 'date'],
    Array<string>(9).fill('---'),
    ...known.map(({ target, cells }) => [target, ...cells.slice(0, 8)]),
    ['all', ...sums.map(String), percent(sumOf(1) + sumOf(2), sumOf(0)), '', ''],
  ].map((cells) => `| ${cells.join(' | ')} |`);
  const updated = [text.slice(0, from) + BEGIN, '', ...table, '', text.slice(to)].join('\n');
  writeFileSync(page, await format(updated, { ...(await resolveConfig(page)), parser: 'markdown' }));
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}
