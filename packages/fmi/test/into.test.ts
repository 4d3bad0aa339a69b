import { MessageError, OperationMismatchError, type Communicator } from '../src/index.ts';
import { bytesFor } from '../src/conformance/reference.ts';
import { MIB } from '../src/conformance.ts';
import { withTap } from './support/tap.ts';
import { directWorld, fileStoreWorld, memoryWorld } from './support/worlds.ts';

describe.each([
  ['memory', memoryWorld],
  ['direct', directWorld],
  ['store', fileStoreWorld()],
] as const)('receiving into an array of one’s own on the %s channel', (_name, makeWorld) => {
  it('fills it in bcast, from any root, however long the ranks have waited', async () => {
    await using world = await makeWorld(5);
    for (const length of [1, 100_000, MIB]) {
      for (const root of [0, 3]) {
        const value = bytesFor(root, length);
        const arrays = world.ranks.map(() => new Uint8Array(length));
        const got = await world.all(async (c, rank) => {
          // Ranks leave the barrier one after the other, so that the first bytes come early on some of them.
          await c.barrier();
          return c.bcast(rank === root ? value : undefined, root, { into: arrays[rank]! });
        });
        expect(got.every((array, rank) => array === (rank === root ? value : arrays[rank]))).toBe(true);
        expect(got.every((array) => Buffer.compare(array, value) === 0)).toBe(true);
      }
    }
  });

  it('fills parts of larger arrays, of any type, with messages that came before they were asked for', async () => {
    await using world = await makeWorld(2);
    const [a, b] = world.ranks as [Communicator, Communicator];
    const value = Float32Array.from({ length: 50_000 }, (_, i) => i / 7);
    await Promise.all([a.send(value, 1), a.send('came', 1)]);
    const whole = new Float32Array(50_002).fill(-1);
    const part = whole.subarray(1, 50_001);
    expect(await b.recv(0, { into: part })).toBe(part);
    expect(part).toEqual(value);
    expect([whole[0], whole[50_001]]).toEqual([-1, -1]);
    expect(await b.recv(0)).toBe('came');
  });

  it('refuses a value of another type or length, and says which came', async () => {
    await using world = await makeWorld(2);
    const [a, b] = world.ranks as [Communicator, Communicator];
    for (const into of [new Uint8Array(3), new Float64Array(1), new Int8Array(8)]) {
      const [, got] = await Promise.allSettled([a.send(new Uint8Array(8), 1), b.recv(0, { into })]);
      expect(got).toMatchObject({ reason: expect.any(MessageError) as unknown });
      expect((got as PromiseRejectedResult).reason).toHaveProperty('message', expect.stringContaining('Uint8Array'));
      expect(into.every((element) => element === 0)).toBe(true);
    }
    // What was refused is gone; the next message is as good as ever.
    const [, next] = await Promise.all([a.send('next', 1), b.recv(0)]);
    expect(next).toBe('next');
  });
});

describe('receiving into an array of one’s own', () => {
  it('leaves the array alone once the caller has given up, though the message is half there', async () => {
    const value = bytesFor(0, MIB);
    let held: Buffer[] = [];
    let isHolding = true;
    let half: () => void = () => undefined;
    const halfCame = new Promise<void>((resolve) => (half = resolve));
    let passed = 0;
    let forwardOn: (bytes: Buffer) => void = () => undefined;
    await withTap(
      (chunk, forward) => {
        forwardOn = forward;
        if (!isHolding || passed < MIB / 2) {
          passed += chunk.length;
          forward(chunk);
          if (passed >= MIB / 2) half();
        } else held.push(chunk);
      },
      async (a, b) => {
        const into = new Uint8Array(MIB);
        const stop = new AbortController();
        const receiving = b.recv(0, { into, signal: stop.signal });
        const sending = a.send(value, 1);
        await halfCame;
        stop.abort(new Error('not any more'));
        await expect(receiving).rejects.toThrow('not any more');
        into.fill(9);
        isHolding = false;
        held.forEach((chunk) => forwardOn(chunk));
        held = [];
        await sending;
        // Whoever asks next gets the message, whole.
        expect(Buffer.compare(await b.recv<Uint8Array>(0), value)).toBe(0);
        expect(into.every((byte) => byte === 9)).toBe(true);
      },
    );
  });

  it('is no business of the root, and a bcast that doesn’t fit ends the world', async () => {
    await using world = await directWorld(3);
    const got = await world.settle((c, rank) =>
      c.bcast(rank === 0 ? new Uint8Array(4) : undefined, 0, { into: new Uint8Array(rank === 2 ? 5 : 4) }),
    );
    expect(got[2]).toMatchObject({ status: 'rejected', reason: expect.any(MessageError) as unknown });
    const after = await world.settle((c) => c.barrier());
    expect(after.every(({ status }) => status === 'rejected')).toBe(true);
    expect(after.some((one) => (one as PromiseRejectedResult).reason instanceof OperationMismatchError)).toBe(false);
  });
});
