import { rowTable, type RowTable, type RowTableParts } from '@cosmicai/torchfile';
import type { SampleSource } from './source.ts';

/** For files without sums. */
export const UNCHECKED: ReturnType<RowTableParts['passingCheck']> = {
  saw: () => undefined,
  finish: () => Promise.resolve([]),
};

/** Arrays with a row for each sample as a source. */
export function tableSource(parts: RowTableParts): SampleSource {
  return asSource(rowTable(parts));
}

export function asSource({ named, ...table }: RowTable): SampleSource {
  return { ...table, ...(!named && { unnamed: true }) };
}
