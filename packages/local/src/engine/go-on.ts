import type { LocalRunOptions } from '../run/run-locally.ts';
import type { LocalRendezvous } from './rendezvous-for.ts';
import { meetAgain } from './meet-again.ts';
import { trustStore, type TrustStoreOptions } from './trust-store.ts';

export interface GoOnOptions extends TrustStoreOptions {
  readonly rendezvous: Pick<LocalRendezvous, 'endpoint' | 'secret'>;
  /** Ranks that can run at once. */
  readonly concurrency: number;
}

/** Where a run goes on: first what the store holds of it, then how the ranks that are left meet. */
export function goOn({ rendezvous, ...options }: GoOnOptions): NonNullable<LocalRunOptions['onResume']> {
  return async (soFar) => {
    const point = await trustStore(soFar, options);
    const { endpoint, secret } = rendezvous;
    if (point === undefined || secret === undefined) return point;
    return { ...point, input: await meetAgain(point, { ...options, endpoint, secret }) };
  };
}
