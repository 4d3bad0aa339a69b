import { readAhead } from '@cosmicai/torchfile';
import type { BatchesOptions, SampleBatch, SampleSource } from './source.ts';

/** @throws RangeError when samples [from, to) are not all there */
export function checkRange({ name, count }: Pick<SampleSource, 'name' | 'count'>, from: number, to: number): void {
  if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= count) return;
  throw new RangeError(`samples [${from}, ${to}) of ${name}, which has ${count}`);
}

/**
 * The `batches` of a source, by its `read`.
 *
 * @param check is done before the last batch is handed out, where all samples are asked for
 * @throws RangeError as `SampleSource.batches` does
 */
export function batchesOf(
  source: Pick<SampleSource, 'name' | 'count' | 'read'>,
  { size, from = 0, to = source.count, readAhead: ahead = 1, signal, columns, exact }: BatchesOptions,
  check?: (options: Pick<BatchesOptions, 'signal'>) => Promise<void>,
): AsyncGenerator<SampleBatch, void, undefined> {
  checkRange(source, from, to);
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`a batch of ${size} samples; expected 1 or more`);
  const starts = Array.from({ length: Math.ceil((to - from) / size) }, (_, index) => from + index * size);
  // Of a part of the samples nothing tells whether it fits the sum of all.
  const isAll = check !== undefined && from === 0 && to === source.count;
  let left = starts.length;
  let allRead: (() => void) | undefined;
  const rest = new Promise<void>((resolve) => {
    allRead = resolve;
  });
  return readAhead(starts, ahead, signal, async (start, cancelled) => {
    const end = Math.min(start + size, to);
    const batch = await source.read(start, end, { signal: cancelled, columns, exact });
    left -= 1;
    if (left === 0) allRead?.();
    if (isAll && end === to) {
      await rest;
      await check({ signal: cancelled });
    }
    return batch;
  });
}
