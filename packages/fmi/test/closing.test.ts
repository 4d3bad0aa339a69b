import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Communicator, direct, joinWorld, MessageError } from '../src/index.ts';
import { type TestWorld } from '../src/conformance.ts';
import { connectorOf, socketPair } from './support/tap.ts';
import { memoryWorld, rendezvousWorld } from './support/worlds.ts';

/** Rank 0 of a world whose other ranks are bare sockets, or never come. */
function first(...sockets: (Socket | Promise<Socket>)[]): Communicator {
  const { connector } = connectorOf(0, [undefined, ...sockets]);
  return new Communicator(0, 1 + sockets.length, {
    name: 'closing',
    channels: [direct(connector)],
    deadlineMs: 20_000,
  });
}

const never = new Promise<never>(() => undefined);
const members = ({ ranks }: TestWorld) => ranks as [Communicator, Communicator, Communicator];

describe('closing', () => {
  // As a relay ends the link of a process that was killed before it had read anything.
  it('doesn’t take the clean end of a link for an answer', async () => {
    const [mine, theirs] = await socketPair();
    const communicator = first(mine);
    await communicator.send('unheard', 1);
    theirs.on('end', () => theirs.end()).resume();
    await expect(communicator.close()).rejects.toMatchObject({ name: 'UndeliveredError', ranks: [1] });
  });

  it('names a rank that is lost while another is waited for', async () => {
    const [mine, theirs] = await socketPair();
    const communicator = first(mine, never);
    await communicator.send('unheard', 1);
    await communicator.send('unheard', 2);
    const closing = communicator.close({ deadlineMs: 300 });
    theirs.destroy();
    await once(mine, 'close');
    await expect(closing).rejects.toMatchObject({ ranks: [1, 2] });
  });

  it('doesn’t hide what is missing when the world fails meanwhile', async () => {
    await using world = await memoryWorld(3, { deadlineMs: 20_000 });
    const [a, , c] = members(world);
    await Promise.all([a.send('heard', 2), c.recv(0)]);
    await a.send('unheard', 1);
    const closing = a.close();
    const abort = new AbortController();
    const given = c.barrier({ signal: abort.signal }).catch(() => undefined);
    abort.abort();
    await expect(closing).rejects.toMatchObject({ ranks: [1] });
    await given;
  });

  it('is cut short by the signal, with its reason', async () => {
    const abort = new AbortController();
    await using world = await memoryWorld(2, { deadlineMs: 20_000, signal: abort.signal });
    const [a] = members(world);
    await a.send('unheard', 1);
    const closing = a.close();
    abort.abort(new Error('enough'));
    await expect(closing).rejects.toThrow('enough');
  });

  it('gives the same answer to whoever asks again, and disposing none', async () => {
    await using world = await memoryWorld(2);
    const [a] = members(world);
    await a.send('unheard', 1);
    const ends = await Promise.allSettled([a.close({ deadlineMs: 50 }), a.close(), a[Symbol.asyncDispose]()]);
    expect(ends.map((end) => (end.status === 'rejected' ? (end.reason as Error).name : 'resolved'))).toEqual([
      'UndeliveredError',
      'UndeliveredError',
      'resolved',
    ]);
  });

  it.each([NaN, Infinity, -1, 2 ** 31])('refuses a deadline of %d ms, which no timer holds', async (deadlineMs) => {
    await using world = await memoryWorld(2);
    const [a] = members(world);
    await expect(a.close({ deadlineMs })).rejects.toThrow(MessageError);
    await expect(a.barrier({ deadlineMs })).rejects.toThrow('deadlineMs is');
    await expect(memoryWorld(2, { deadlineMs })).rejects.toThrow('allowed: 0 to 2147483647');
    const rendezvous = { host: '127.0.0.1', port: 1 };
    const joining = joinWorld({
      runId: 'x',
      runKey: new Uint8Array(32),
      rank: 0,
      worldSize: 2,
      rendezvous,
      deadlineMs,
    });
    await expect(joining).rejects.toThrow('deadlineMs is');
  });

  it('at once on both sides, with messages that nobody has asked for, is no loss', async () => {
    await using world = await rendezvousWorld('relay')(2, { deadlineMs: 20_000 });
    const [a, b] = members(world);
    await Promise.all([a.barrier(), b.barrier()]);
    await Promise.all([a.send(new Uint8Array(1e6), 1), b.send(new Uint8Array(1e6), 0)]);
    await expect(Promise.all([a.close(), b.close()])).resolves.toEqual([undefined, undefined]);
  });
});
