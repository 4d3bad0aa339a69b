import type { ObjectStore } from '@cosmicai/store';
import { partitionSize, samplesPerPartition, writePartition } from '@cosmicai/torchfile';
import { type SurveyOptions, simulateSurvey } from './simulate-survey.ts';

export interface WriteSurveyOptions extends Omit<SurveyOptions, 'wholeStamps'> {
  /** Nominal size of a partition file in bytes, as `split` takes it: 25 MB are 1,278 galaxies. */
  readonly partitionBytes: number;
  readonly signal?: AbortSignal;
}

export interface SurveyProgress {
  /** Galaxies written so far, of how many. */
  readonly galaxies: number;
  readonly count: number;
  /** Partitions complete so far, of how many. */
  readonly partitions: number;
  readonly partitionCount: number;
}

export interface WrittenPartition {
  readonly key: string;
  readonly galaxies: number;
  readonly bytes: number;
}

/**
 * Writes a survey as partitions `1.pt` … `N.pt` below a prefix, with bounded memory. All partitions but the last have the
 * same number of galaxies, that of published partitions of this size.
 *
 * @param prefix folder in the store, with or without a slash at its end; empty for the store's root
 */
export async function writeSurvey(
  store: ObjectStore,
  prefix: string,
  options: WriteSurveyOptions,
  onProgress: (progress: SurveyProgress) => void = () => undefined,
): Promise<WrittenPartition[]> {
  const { count, partitionBytes, signal, start = 0 } = options;
  const size = samplesPerPartition(partitionBytes);
  const partitionCount = Math.ceil(count / size);
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`;
  const written: WrittenPartition[] = [];
  for (let partition = 0; partition < partitionCount; partition++) {
    const from = partition * size;
    const galaxies = Math.min(size, count - from);
    const key = `${folder}${partition + 1}.pt`;
    const batches = function* (): ReturnType<typeof simulateSurvey> {
      for (const batch of simulateSurvey({ ...options, start: start + from, count: galaxies })) {
        signal?.throwIfAborted();
        yield batch;
        const done = from + batch.from + batch.count;
        onProgress({ galaxies: done, count, partitions: partition, partitionCount });
      }
    };
    await writePartition(store, key, { count: galaxies }, batches(), signal === undefined ? {} : { signal });
    written.push({ key, galaxies, bytes: partitionSize({ count: galaxies }) });
    onProgress({ galaxies: from + galaxies, count, partitions: partition + 1, partitionCount });
  }
  return written;
}
