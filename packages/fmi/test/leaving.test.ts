import { once } from 'node:events';
import type { Departure } from '@cosmicai/rendezvous';
import { Communicator, direct, PeerLostError, sum, UndeliveredError } from '../src/index.ts';
import { type WorldMaker } from '../src/conformance.ts';
import { connectorOf, socketPair } from './support/tap.ts';
import { memoryWorld, rendezvousWorld } from './support/worlds.ts';

/** Ranks 0 and 1, and a rank 2 that has made its links, and ends them before anything has gone through. */
async function withSilentThird(
  program: (
    a: Communicator,
    b: Communicator,
    third: { end: () => Promise<void>; tell: (how: Departure) => void },
  ) => Promise<void>,
): Promise<void> {
  const [[left, right], [toFirst, ofFirst], [toSecond, ofSecond]] = await Promise.all([
    socketPair(),
    socketPair(),
    socketPair(),
  ]);
  const first = connectorOf(0, [undefined, left, toFirst]);
  const second = connectorOf(1, [right, undefined, toSecond]);
  const [a, b] = [first, second].map(
    ({ connector }, rank) =>
      new Communicator(rank, 3, { name: 'leaving', channels: [direct(connector)], deadlineMs: 20_000 }),
  ) as [Communicator, Communicator];
  const third = {
    end: async () => {
      const closed = [toFirst, toSecond].map((socket) => once(socket, 'close'));
      ofFirst.end();
      ofSecond.end();
      await Promise.all(closed);
    },
    tell: (how: Departure) => [first, second].forEach(({ tell }) => tell(2, how)),
  };
  try {
    await program(a, b, third);
  } finally {
    await Promise.all([a.close(), b.close()]);
    for (const socket of [left, right, toFirst, ofFirst, toSecond, ofSecond]) socket.destroy();
  }
}

describe('a rank whose link ends before anything has come through', () => {
  it.each([['before'], ['after']] as const)(
    'has left when the server says so %s that end, and is missed by nobody',
    async (when) => {
      await withSilentThird(async (a, b, third) => {
        // The first operation makes all links.
        await Promise.all([a.send('one', 1), b.recv(0)]);
        if (when === 'before') third.tell('left');
        await third.end();
        if (when === 'after') third.tell('left');
        const [, got] = await Promise.all([a.send('two', 1), b.recv(0)]);
        expect(got).toBe('two');
        // Who needs it learns that it is gone.
        await expect(a.recv(2)).rejects.toThrow('it closed its communicator before taking part');
      });
    },
  );

  it.each([['lost'], [undefined]] as const)('is lost when the server says %s', async (how) => {
    await withSilentThird(async (a, b, third) => {
      await Promise.all([a.send('one', 1), b.recv(0)]);
      await third.end();
      if (how !== undefined) third.tell(how);
      const [first, second] = await Promise.allSettled([a.barrier(), b.barrier()]);
      for (const result of [first, second]) {
        expect(result).toMatchObject({ status: 'rejected', reason: expect.any(PeerLostError) as unknown });
        expect((result as PromiseRejectedResult).reason).toMatchObject({ rank: 2 });
      }
    });
  });
});

/** Of a rank whose peer may never take what it sent. */
const CLOSING_MS = 1_000;

describe('a rank that leaves while the other side is still making the link', () => {
  /** Rank 0 sends and leaves, which the server tells rank 1 before its link stands. */
  async function overtaken(outcome: 'stands' | 'fails', program: (b: Communicator) => Promise<void>): Promise<void> {
    const [left, right] = await socketPair();
    const making = Promise.withResolvers<typeof right>();
    const { connector, tell } = connectorOf(1, [making.promise, undefined]);
    const a = new Communicator(0, 2, {
      name: 'leaving',
      channels: [direct(connectorOf(0, [undefined, left]).connector)],
    });
    const b = new Communicator(1, 2, { name: 'leaving', channels: [direct(connector)], deadlineMs: 20_000 });
    try {
      await a.send('last word', 1);
      const listening = program(b);
      listening.catch(() => undefined);
      const closing = a.close({ deadlineMs: CLOSING_MS });
      // The server hears of it when rank 0 has closed or given up; here before rank 1 could take anything.
      tell(0, 'left');
      if (outcome === 'stands') making.resolve(right);
      else making.reject(new Error('no path'));
      await listening;
      if (outcome === 'stands') await closing;
      else await expect(closing).rejects.toThrow(UndeliveredError);
    } finally {
      await Promise.all([a[Symbol.asyncDispose](), b.close()]);
      for (const socket of [left, right]) socket.destroy();
    }
  }

  it('is heard to the end', async () => {
    await overtaken('stands', async (b) => expect(await b.recv(0)).toBe('last word'));
  });

  it('has left when no link comes of it', async () => {
    await overtaken('fails', (b) =>
      expect(b.recv(0)).rejects.toThrow('it closed its communicator before taking part in send/recv #0'),
    );
  });
});

const worlds: [string, WorldMaker][] = [
  ['memory', memoryWorld],
  ['direct', rendezvousWorld('direct')],
  ['encrypted direct', rendezvousWorld('direct', { encrypt: true })],
  ['relay', rendezvousWorld('relay')],
];

describe.each(worlds)('a rank that closes before its links stand, on the %s channel', (name, makeWorld) => {
  it('hands over what it has sent', async () => {
    await using world = await makeWorld(3, { deadlineMs: 20_000 });
    const [a, b, c] = world.ranks as [Communicator, Communicator, Communicator];
    await a.send('from point to point', 2);
    const [mine] = await Promise.all([a.gather('of a collective', 1), a.reduce(1, sum, 1)]);
    expect(mine).toBeUndefined();
    const closing = a.close();

    // Only now do the others look for it.
    const [heard, gathered] = await Promise.all([c.recv(0), b.gather('b', 1), c.gather('c', 1)]);
    const [reduced] = await Promise.all([b.reduce(1, sum, 1), c.reduce(1, sum, 1)]);
    expect(heard).toBe('from point to point');
    expect(gathered).toEqual(['of a collective', 'b', 'c']);
    expect(reduced).toBe(3);
    await closing;
  });

  if (name === 'memory') return;
  // Well below the 5 s that it would give to a rank that may still come.
  it('waits no longer for one that has left', async () => {
    await using world = await makeWorld(2, { deadlineMs: 20_000 });
    const [a, b] = world.ranks as [Communicator, Communicator];
    await a.send('for nobody', 1);
    const closing = a.close();
    await b.close();
    await closing;
  }, 3_000);
});
