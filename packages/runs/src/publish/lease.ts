import { formatField, parseJsonAs, RemoteError, withFormat } from '@cosmicai/payload';
import { getIfThere, readableAddress, type ObjectStore } from '@cosmicai/store';
import { z } from 'zod';

/** Who publishes at a result_path now. */
export const leaseSchema = z.object({
  run_id: z.string(),
  since: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  format: formatField,
});
export type Lease = z.output<typeof leaseSchema>;

/** Somebody else publishes there and didn't come to an end. */
export class PublishingError extends RemoteError {}

export interface LeaseClock {
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Publishing 1,000 ranks takes seconds; who needs longer renews. */
const LIVES_MS = 60_000;
const WAIT_MS = 300;
/** Of the others before this run, each of which takes seconds. */
const LONGEST_WAIT_MS = 5 * 60_000;
/** Left of a lease before work goes on under it. */
const MARGIN_MS = 20_000;

/** A lease that was got. */
export interface HeldLease {
  /** Before each part of the work: false when somebody else has it now and the work must begin again. */
  stillHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Gets the lease that one run at a time holds; the object is what readers meet meanwhile. One that has expired is taken over.
 *
 * @throws PublishingError when another run holds it for minutes
 */
export async function acquireLease(
  store: ObjectStore,
  key: string,
  runId: string,
  clock: LeaseClock,
): Promise<HeldLease> {
  const begun = clock.now().getTime();
  // Who is at work renews what it holds: one that was watched for as long as it lives is nobody's, whatever clock wrote its end.
  let watched: Lease | undefined;
  let watchedMs = 0;
  for (;;) {
    const lease = leaseOf(runId, clock.now());
    const isDead = watchedMs > LIVES_MS;
    const got = await tryToGet(store, key, lease, isDead ? watched : undefined, clock.now());
    if (got === true) return heldLease(store, key, lease, clock);
    watchedMs = isSame(got, watched) ? watchedMs + WAIT_MS : 0;
    watched = got;
    if (clock.now().getTime() - begun > LONGEST_WAIT_MS) {
      throw new PublishingError(
        `Run ${got.run_id} has been publishing at ${readableAddress(store.url, key)} since ${got.since}. Run ${runId} is whole in its own folder; publish it by running Summarize again.`,
      );
    }
    await clock.sleep(WAIT_MS);
  }
}

function leaseOf(runId: string, now: Date): Lease {
  return { run_id: runId, since: now.toISOString(), expires_at: new Date(now.getTime() + LIVES_MS).toISOString() };
}

/** @returns the lease that stands in the way */
async function tryToGet(
  store: ObjectStore,
  key: string,
  lease: Lease,
  dead: Lease | undefined,
  now: Date,
): Promise<true | Lease> {
  if (await store.putIfAbsent(key, textOf(lease))) return true;
  const there = await store.head(key);
  const held = await readLease(store, key);
  if (there === undefined || held === undefined) return lease;
  if (Date.parse(held.expires_at) > now.getTime() && !isSame(held, dead)) return held;
  return (await store.putIfMatch(key, textOf(lease), there.etag)) ? true : held;
}

function isSame(lease: Lease, other: Lease | undefined): boolean {
  return lease.run_id === other?.run_id && lease.since === other.since && lease.expires_at === other.expires_at;
}

/** The lease at a key, whether it has expired or not. */
export async function readLease(store: ObjectStore, key: string): Promise<Lease | undefined> {
  const lease = await getIfThere(store, key);
  return lease && parseJsonAs(leaseSchema, lease.toString(), key);
}

function heldLease(store: ObjectStore, key: string, first: Lease, clock: LeaseClock): HeldLease {
  let lease = first;
  const left = () => Date.parse(lease.expires_at) - clock.now().getTime();
  const isOurs = async () => {
    const now = await readLease(store, key);
    return now?.run_id === lease.run_id && now.since === lease.since;
  };
  return {
    async stillHeld() {
      if (left() > MARGIN_MS) return true;
      const there = await store.head(key);
      if (there === undefined || !(await isOurs())) return false;
      const renewed = { ...lease, expires_at: leaseOf(lease.run_id, clock.now()).expires_at };
      if (!(await store.putIfMatch(key, textOf(renewed), there.etag))) return false;
      lease = renewed;
      return true;
    },
    async release() {
      if (left() > 0 && (await isOurs())) await store.delete(key);
    },
  };
}

function textOf(lease: Lease): string {
  return `${JSON.stringify(withFormat(lease))}\n`;
}
