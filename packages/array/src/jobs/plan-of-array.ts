import { layoutOf, openPlace, readRecord, recordWhereItLies, type RunPlace } from '@cosmicai/runs';
import { z } from 'zod';
import type { ArrayJob } from './array-job.ts';

const reads = z.object({ data_bucket: z.string(), model: z.string().optional() });

/**
 * What a run that is planned asks of a scheduler.
 *
 * @throws NotFoundError when there is no such run
 */
export async function planOfArray(place: RunPlace): Promise<Pick<ArrayJob, 'place' | 'run' | 'dataBuckets'>> {
  const { run, payload } = recordWhereItLies(await readRecord(openPlace(place), layoutOf(place)), place);
  const { data_bucket: data, model = '' } = reads.parse(payload);
  return { place, run, dataBuckets: [data, ...(model.startsWith('s3://') ? [model] : [])] };
}
