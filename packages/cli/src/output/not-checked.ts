import type { Partition } from '@cosmicai/torchfile';
import { printLine, type Terminal } from './terminal.ts';

/** Says of a file that damage to it would have gone unnoticed. */
export function notChecked(name: string, why: string): string {
  return `Not checked: whether ${name} is damaged: ${why}`;
}

/** The same of a partition whose samples have all been read. */
export function sayUnchecked(partition: Partition, terminal: Terminal): void {
  const why = partition.unchecked();
  if (why !== undefined) printLine(terminal.stderr, notChecked(partition.name, why));
}
