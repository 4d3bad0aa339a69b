import { startRendezvous } from '@cosmicai/rendezvous';
import { joinWorld, PeerLostError, reduction, type TypedArray } from '../src/index.ts';
import { TcpunchCommunicator } from '../src/tcpunch.ts';
import { NamedPairs, ReferencePeer } from './support/tcpunch-reference.ts';

type Function64 = (a: number, b: number) => number;

/** What both kinds of peers can do, by the same names. */
interface AnyPeer {
  bcast(value: Float64Array, root: number): Promise<Float64Array>;
  gather(value: Float64Array, root: number): Promise<Float64Array | undefined>;
  scatter(all: Float64Array | undefined, length: number, root: number): Promise<Float64Array>;
  reduce(value: Float64Array, f: Function64, ordered: boolean, root: number): Promise<Float64Array | undefined>;
  allreduce(value: Float64Array, f: Function64, ordered: boolean): Promise<Float64Array>;
  scan(value: Float64Array, f: Function64, ordered: boolean): Promise<Float64Array>;
  barrier(): Promise<void>;
  pass(value: Float64Array, to: number, from: number): Promise<Float64Array>;
  close(): Promise<void> | void;
}

function original(rank: number, size: number, name: string, pairs: NamedPairs): AnyPeer {
  const peer = new ReferencePeer(rank, size, name, pairs);
  return {
    bcast: async (value, root) => {
      const buffer = value.slice();
      await peer.bcast(buffer, root);
      return buffer;
    },
    gather: async (value, root) => {
      const all = await peer.gather(value, root);
      return rank === root ? all : undefined;
    },
    scatter: async (all, length, root) => {
      const share = new Float64Array(length);
      await peer.scatter(all, share, root);
      return share;
    },
    reduce: async (value, f, ordered, root) => {
      const result = await peer.reduce(value.slice(), root, f, ordered);
      return rank === root ? result : undefined;
    },
    allreduce: (value, f, ordered) => peer.allreduce(value.slice(), f, ordered),
    scan: (value, f, ordered) => peer.scan(value.slice(), f, ordered),
    barrier: () => peer.barrier(),
    pass: async (value, to, from) => {
      const got = new Float64Array(value.length);
      await Promise.all([peer.send(value, to), peer.recv(got, from)]);
      return got;
    },
    close: () => peer.close(),
  };
}

function ours(rank: number, size: number, name: string, pairs: NamedPairs): AnyPeer {
  const c = new TcpunchCommunicator(rank, size, { name, meet: (pairing) => pairs.meet(pairing) });
  const by = (f: Function64, ordered: boolean) =>
    reduction((a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => f(value, b[i]!)), {
      associative: !ordered,
      commutative: !ordered,
    });
  return {
    bcast: (value, root) => c.bcast(value, root),
    gather: (value, root) => c.gather(value, root),
    scatter: (all, length, root) => c.scatter(all, new Float64Array(length), root),
    reduce: (value, f, ordered, root) => c.reduce(value, by(f, ordered), root),
    allreduce: (value, f, ordered) => c.allreduce(value, by(f, ordered)),
    scan: (value, f, ordered) => c.scan(value, by(f, ordered)),
    barrier: () => c.barrier(),
    pass: async (value, to, from) => {
      await c.send(value, to);
      return c.recv(new Float64Array(value.length), from);
    },
    close: () => c.close(),
  };
}

/** Which ranks are ours. */
const mixtures: Record<string, (rank: number) => boolean> = {
  'all original': () => false,
  'all ours': () => true,
  'even ours': (rank) => rank % 2 === 0,
  'odd ours': (rank) => rank % 2 === 1,
};

/** Rounds differently in every order, so the bits of a result tell how it was folded. */
const plus: Function64 = (a, b) => a + b;
const mix: Function64 = (a, b) => a * 0.7 + b;

async function everything(
  size: number,
  length: number,
  isOurs: (rank: number) => boolean,
): Promise<{ results: unknown; names: string[] }> {
  const pairs = await new NamedPairs().listen();
  const peers = Array.from({ length: size }, (_, rank) => (isOurs(rank) ? ours : original)(rank, size, 'comm', pairs));
  const values = peers.map((_, rank) =>
    Float64Array.from({ length }, (_, i) => Math.sin(rank * 31 + i) * 10 ** ((rank * 7 + i) % 13)),
  );
  const all = Float64Array.from({ length: length * size }, (_, i) => i + 0.5);
  const run = <T>(program: (peer: AnyPeer, rank: number) => Promise<T>): Promise<T[]> =>
    Promise.all(peers.map(program));
  const results: unknown[] = [];
  for (let root = 0; root < size; root++) {
    results.push(await run((peer, rank) => peer.bcast(values[rank]!, root)));
    results.push(await run((peer, rank) => peer.gather(values[rank]!, root)));
    results.push(await run((peer, rank) => peer.scatter(rank === root ? all : undefined, length, root)));
    results.push(await run((peer, rank) => peer.reduce(values[rank]!, plus, false, root)));
    results.push(await run((peer, rank) => peer.reduce(values[rank]!, mix, true, root)));
  }
  results.push(await run((peer, rank) => peer.allreduce(values[rank]!, plus, false)));
  results.push(await run((peer, rank) => peer.allreduce(values[rank]!, mix, true)));
  results.push(await run((peer, rank) => peer.scan(values[rank]!, plus, false)));
  results.push(await run((peer, rank) => peer.scan(values[rank]!, mix, true)));
  await run((peer) => peer.barrier());
  if (size > 2)
    results.push(await run((peer, rank) => peer.pass(values[rank]!, (rank + 1) % size, (rank + size - 1) % size)));
  await run(async (peer) => peer.close());
  pairs.close();
  return { results, names: pairs.names.toSorted() };
}

describe('the tcpunch-v1 wire', () => {
  describe.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('with %i ranks', (size) => {
    it.each(Object.keys(mixtures))('gives the bits and the pairing names of the original, %s', async (mixture) => {
      const expected = await everything(size, 3, () => false);
      const got = await everything(size, 3, mixtures[mixture]!);
      expect(got).toEqual(expected);
    });
  });

  it('computes what the operations mean', async () => {
    const { results } = (await everything(5, 2, (rank) => rank !== 3)) as { results: Float64Array[][] };
    const values = Array.from({ length: 5 }, (_, rank) =>
      Float64Array.from({ length: 2 }, (_, i) => Math.sin(rank * 31 + i) * 10 ** ((rank * 7 + i) % 13)),
    );
    const ordered = values.slice(1).reduce((left, right) => left.map((value, i) => mix(value, right[i]!)), values[0]!);
    const [bcastFrom0, gatheredAt0, scatteredFrom0, , reducedAt0] = results;
    expect(bcastFrom0).toEqual(values.map(() => values[0]));
    expect(gatheredAt0![0]).toEqual(Float64Array.from(values.flatMap((value) => [...value])));
    expect(scatteredFrom0).toEqual(values.map((_, rank) => Float64Array.of(2 * rank + 0.5, 2 * rank + 1.5)));
    expect(reducedAt0![0]).toEqual(ordered);
  });

  it('carries large and empty buffers of any type', async () => {
    const pairs = await new NamedPairs().listen();
    const ranks = [0, 1, 2].map(
      (rank) => new TcpunchCommunicator(rank, 3, { name: 'any', meet: (name) => pairs.meet(name) }),
    );
    const large = new Uint8Array(8 * 1024 * 1024).map((_, i) => i * 31);
    for (const value of [large, new Float32Array(0), Int16Array.of(-1, 2), BigInt64Array.of(5n)] as TypedArray[]) {
      const like = value.slice();
      new Uint8Array(like.buffer).fill(0);
      const got = await Promise.all(ranks.map((c, rank) => c.bcast(rank === 1 ? value : like, 1)));
      expect(got.every((each) => Buffer.compare(Buffer.from(each.buffer), Buffer.from(value.buffer)) === 0)).toBe(true);
    }
    await Promise.all(ranks.map((c) => c.close()));
    pairs.close();
  });

  it('names a peer that is gone or silent', async () => {
    const pairs = await new NamedPairs().listen();
    const [a, b] = [0, 1].map(
      (rank) => new TcpunchCommunicator(rank, 2, { name: 'x', meet: (name) => pairs.meet(name), deadlineMs: 60_000 }),
    );
    await Promise.all([a!.barrier(), b!.barrier()]);
    await expect(a!.recv(new Uint8Array(1), 1, { deadlineMs: 50 })).rejects.toMatchObject({ rank: 1 });
    await expect(b!.recv(new Uint8Array(1), 0)).rejects.toThrow(PeerLostError);
    await expect(b!.barrier()).rejects.toThrow(PeerLostError);
    pairs.close();
  });

  it('meets through a rendezvous server that allows v1', async () => {
    const secret = 'a secret for the v1 test';
    const server = await startRendezvous({
      host: '127.0.0.1',
      port: 0,
      healthPort: 0,
      secrets: [secret],
      allowV1: true,
    });
    const ranks = await Promise.all(
      [0, 1, 2].map((rank) =>
        joinWorld({
          wire: 'tcpunch-v1',
          runId: 'v1',
          rank,
          worldSize: 3,
          rendezvous: { host: '127.0.0.1', port: server.port },
        }),
      ),
    );
    const sums = await Promise.all(
      ranks.map((c, rank) => c.allreduce(Float64Array.of(rank), (a, b) => a.map((value, i) => value + b[i]!))),
    );
    expect(sums).toEqual([Float64Array.of(3), Float64Array.of(3), Float64Array.of(3)]);
    await Promise.all(ranks.map((c) => c.close()));
    await server.close(0);
  });
});
