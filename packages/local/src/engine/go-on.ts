import { runLayout } from '@cosmicai/payload';
import { readReferences } from '@cosmicai/runs';
import type { ResumePoint } from '../run/resume.ts';
import type { LocalRunOptions } from '../run/run-locally.ts';
import { withReferences } from './finished-children.ts';
import type { LocalRendezvous } from './rendezvous-for.ts';
import { meetAgain } from './meet-again.ts';
import { plannedIn } from './planned-input.ts';
import { trustStore, type TrustStoreOptions } from './trust-store.ts';

export interface GoOnOptions extends TrustStoreOptions {
  readonly rendezvous: Pick<LocalRendezvous, 'endpoint' | 'secret'>;
  /** Ranks that can run at once. */
  readonly concurrency: number;
}

/** The children that needn't run, by the plan of a meeting that may have been written anew. */
async function finishedOfPlan(
  { input, finished }: ResumePoint,
  { openStore }: Pick<GoOnOptions, 'openStore'>,
): Promise<ResumePoint['finished']> {
  const planned = plannedIn(input);
  if (planned === undefined || finished.size === 0) return finished;
  const { bucket, result_path: resultPath, run_id: runId } = planned.run;
  const references = await readReferences(openStore(bucket), runLayout(resultPath, runId));
  return references === undefined ? finished : withReferences(finished, references);
}

/** Where a run goes on: first what the store holds of it, then how the ranks that are left meet. */
export function goOn({ rendezvous, ...options }: GoOnOptions): NonNullable<LocalRunOptions['onResume']> {
  return async (soFar) => {
    const point = await trustStore(soFar, options);
    const { endpoint, secret } = rendezvous;
    if (point === undefined || secret === undefined) return point;
    const input = await meetAgain(point, { ...options, endpoint, secret });
    return { ...point, input, finished: await finishedOfPlan(point, options) };
  };
}
