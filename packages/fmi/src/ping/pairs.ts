import { type FmiPingPair, itemAt } from '@cosmicai/payload';
import type { Communicator } from '../communicator.ts';
import type { PeerLink } from '@cosmicai/rendezvous';

const MIB = 1024 * 1024;
const WARM_UP = 20;
const ROUND_TRIPS = 100;
const STREAM_MESSAGES = 8;
const small = Float64Array.of(1);
/** A pair may have to wait until all others had their turn. One that is lost is noticed at once. */
const patient = { deadlineMs: 300_000 };

/** Lets one pair of a process measure at a time; on machines of their own, pairs don't take each other's processor. */
export type Turns = <T>(measure: () => Promise<T>) => Promise<T>;
export const atOnce: Turns = (measure) => measure();

/**
 * Measures all pairs of this rank; every rank of the world calls it at once, with its links to all others. The lower
 * rank of a pair measures and has it in its answer. All ranks take their pairs in the same order, so none waits in a circle.
 */
export async function measurePairs(
  c: Communicator,
  links: ReadonlyMap<number, PeerLink>,
  turn: Turns,
  now: () => number,
): Promise<FmiPingPair[]> {
  const pairs: FmiPingPair[] = [];
  for (const [peer, { kind: channel, encrypted, setupMs: setUpMs }] of [...links].sort(([a], [b]) => a - b)) {
    await c.send(null, peer, patient);
    await c.recv(peer, patient);
    if (peer < c.rank) await answer(c, peer);
    else
      pairs.push({
        ranks: [c.rank, peer],
        channel,
        encrypted,
        setUpMs,
        ...(await turn(() => measure(c, peer, now))),
      });
  }
  // Those that are through wait for the others here, and not in the next operation.
  await c.barrier(patient);
  return pairs;
}

async function measure(c: Communicator, peer: number, now: () => number) {
  const roundTrips: number[] = [];
  for (let i = 0; i < WARM_UP + ROUND_TRIPS; i++) {
    const start = now();
    await c.send(small, peer);
    await c.recv(peer);
    if (i >= WARM_UP) roundTrips.push(now() - start);
  }
  roundTrips.sort((x, y) => x - y);
  const latencyMs = itemAt(roundTrips, ROUND_TRIPS / 2) / 2;
  const large = new Uint8Array(MIB);
  const start = now();
  for (let i = 0; i < STREAM_MESSAGES; i++) await c.send(large, peer);
  await c.recv(peer);
  // Until the last byte was there; the word that it was came one way later.
  const streamMs = Math.max(now() - start - latencyMs, Number.EPSILON);
  return {
    latencyUs: latencyMs * 1000,
    bandwidthMBs: (STREAM_MESSAGES * MIB) / 1e6 / (streamMs / 1000),
  };
}

async function answer(c: Communicator, peer: number): Promise<void> {
  for (let i = 0; i < WARM_UP + ROUND_TRIPS; i++) {
    await c.recv(peer, patient);
    await c.send(small, peer);
  }
  for (let i = 0; i < STREAM_MESSAGES; i++) await c.recv(peer);
  await c.send(null, peer);
}
