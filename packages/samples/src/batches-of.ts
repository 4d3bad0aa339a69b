import { readAhead } from '@cosmicai/torchfile';
import type { BatchesOptions, SampleBatch, SampleSource } from './source.ts';

/** @throws RangeError when samples [from, to) are not all there */
export function checkRange({ name, count }: Pick<SampleSource, 'name' | 'count'>, from: number, to: number): void {
  if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= count) return;
  throw new RangeError(`samples [${from}, ${to}) of ${name}, which has ${count}`);
}

/**
 * The `batches` of a source that has nothing to check at its end, by its `read`.
 *
 * @throws RangeError as `SampleSource.batches` does
 */
export function batchesOf(
  source: Pick<SampleSource, 'name' | 'count' | 'read'>,
  { size, from = 0, to = source.count, readAhead: ahead = 1, signal, columns, exact }: BatchesOptions,
): AsyncGenerator<SampleBatch, void, undefined> {
  checkRange(source, from, to);
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`a batch of ${size} samples; expected 1 or more`);
  const starts = Array.from({ length: Math.ceil((to - from) / size) }, (_, index) => from + index * size);
  return readAhead(starts, ahead, signal, (start, cancelled) =>
    source.read(start, Math.min(start + size, to), { signal: cancelled, columns, exact }),
  );
}
