import type { SampleSource } from '@cosmicai/samples';
import { printLine, type Terminal } from './terminal.ts';

/** Says of a file that damage to it would have gone unnoticed. */
export function notChecked(name: string, why: string): string {
  return `Not checked: whether ${name} is damaged: ${why}`;
}

/** The same of a file whose samples have all been read. */
export function sayUnchecked(source: Pick<SampleSource, 'name' | 'unchecked'>, terminal: Terminal): void {
  const why = source.unchecked();
  if (why !== undefined) printLine(terminal.stderr, notChecked(source.name, why));
}
