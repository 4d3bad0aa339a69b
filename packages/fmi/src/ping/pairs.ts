import type { Communicator } from '../communicator.ts';
import type { PeerLink } from '../rendezvous/index.ts';

/** What lies between two ranks. */
export interface PairReport {
  readonly ranks: readonly [number, number];
  readonly channel: PeerLink['kind'];
  readonly encrypted: boolean;
  readonly setUpMs: number;
  /** One way: half the median round trip of an 8-byte message, microseconds. */
  readonly latencyUs: number;
  /** Of a stream of large messages one way, MB/s (10^6 bytes). */
  readonly bandwidthMBs: number;
}

const MIB = 1024 * 1024;
const WARM_UP = 20;
const ROUND_TRIPS = 100;
const STREAM_MESSAGES = 8;

export async function measurePair(
  [a, b]: readonly [Communicator, Communicator],
  link: PeerLink,
  now: () => number,
): Promise<PairReport> {
  const small = Float64Array.of(1);
  const roundTrips: number[] = [];
  for (let i = 0; i < WARM_UP + ROUND_TRIPS; i++) {
    const start = now();
    await a.send(small, b.rank);
    await b.recv(a.rank);
    await b.send(small, a.rank);
    await a.recv(b.rank);
    if (i >= WARM_UP) roundTrips.push(now() - start);
  }
  roundTrips.sort((x, y) => x - y);
  const large = new Uint8Array(MIB);
  const start = now();
  const sending = (async () => {
    for (let i = 0; i < STREAM_MESSAGES; i++) await a.send(large, b.rank);
  })();
  for (let i = 0; i < STREAM_MESSAGES; i++) await b.recv(a.rank);
  await sending;
  const streamMs = now() - start;
  return {
    ranks: [a.rank, b.rank],
    channel: link.kind,
    encrypted: link.encrypted,
    setUpMs: link.setupMs,
    latencyUs: (roundTrips[ROUND_TRIPS / 2]! * 1000) / 2,
    bandwidthMBs: (STREAM_MESSAGES * MIB) / 1e6 / (streamMs / 1000),
  };
}
