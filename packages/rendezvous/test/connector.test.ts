import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import {
  checkRendezvous,
  deriveRunKey,
  LinkMismatchError,
  meet,
  PeerGoneError,
  PeerUnreachableError,
  RendezvousRefusedError,
  RendezvousUnavailableError,
  type ConnectorOptions,
  type Departure,
  type PeerConnector,
} from '../src/index.ts';
import { at, both, say, Scene, secret, until } from './harness.ts';

const scene = new Scene();
afterEach(() => scene.close());

const ways: [string, Partial<ConnectorOptions>, 'direct' | 'relay'][] = [
  ['directly', { unixSockets: false }, 'direct'],
  ['on one machine', {}, 'direct'],
  ['through a punched hole', { localCandidates: false, allowRelay: false }, 'direct'],
  ['through the relay', { allowDirect: false }, 'relay'],
  ['directly, encrypted', { encrypt: true, unixSockets: false }, 'direct'],
  ['on one machine, encrypted', { encrypt: true }, 'direct'],
  ['through the relay, encrypted', { allowDirect: false, encrypt: true }, 'relay'],
];

describe('a connector', () => {
  it.each([
    [{ rank: 0, worldSize: 0 }, /^world size 0; allowed: 1 and more/],
    [{ rank: 2, worldSize: 2 }, /^rank 2 in a world of 2; allowed: 0 to 1/],
  ])('of %j is refused', async (place, message) => {
    await expect(scene.connector({ port: 1 }, place)).rejects.toThrow(message);
  });

  it('links with other ranks of its world only', async () => {
    const alone = await scene.connector(await scene.server(), { rank: 0, worldSize: 2 });
    for (const peer of [0, 2, 0.5])
      await expect(alone.connect(peer)).rejects.toThrow(`rank 0 can't connect with rank ${peer} in a world of 2`);
  });
});

describe.each(ways)('peers that meet %s', (_how, options, kind) => {
  it('all get one link with each other and hear what the other says', async () => {
    const server = await scene.server();
    const world = await scene.world(server, 4, options);
    for (const left of world) {
      for (const right of world.slice(left.rank + 1)) {
        const [there, back] = await both(left, right);
        expect([there.kind, back.kind]).toEqual([kind, kind]);
        expect([there.peer, back.peer]).toEqual([right.rank, left.rank]);
        expect(there.encrypted).toBe(options.encrypt === true);
        expect(await say(there, back, `from ${left.rank} to ${right.rank}`)).toBe(`from ${left.rank} to ${right.rank}`);
        expect(await say(back, there, 'and back')).toBe('and back');
      }
    }
    expect(server.stats().introductions).toBe(6);
  });

  it('get megabytes through unharmed while the reader is slow to start', async () => {
    const server = await scene.server();
    const [there, back] = await both(...((await scene.world(server, 2, options)) as [PeerConnector, PeerConnector]));
    const sent = Buffer.alloc(8 * 1_048_576, '0123456789abcdef');
    there.socket.end(sent);
    const received: Buffer[] = [];
    back.socket.on('data', (chunk: Buffer) => received.push(chunk)).resume();
    await once(back.socket, 'end');
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    if (kind === 'relay') expect(server.stats().relayedBytes).toBeGreaterThanOrEqual(sent.length);
  });

  it('learn of a peer whose process ends without a word', async () => {
    const server = await scene.server();
    const dying = new AbortController();
    const victim = await scene.connector(server, { ...options, rank: 1, worldSize: 3, signal: dying.signal });
    const survivor = await scene.connector(server, { ...options, rank: 0, worldSize: 3 });
    const stranger = await scene.connector(server, { ...options, rank: 2, worldSize: 3 });
    const lost: [number, number, Departure][] = [];
    for (const one of [survivor, stranger]) one.onPeerLost((peer, how) => lost.push([one.rank, peer, how]));
    const [link] = await both(survivor, victim);
    dying.abort(new Error('killed'));
    await until(() => lost.length === 2);
    expect(lost.sort()).toEqual([
      [0, 1, 'lost'],
      [2, 1, 'lost'],
    ]);
    expect(link.socket.destroyed).toBe(true);
    await expect(stranger.connect(1)).rejects.toThrow(PeerGoneError);
  });
});

describe('peers on one machine', () => {
  // Whatever system this runs on: those without abstract UNIX sockets have TCP alone.
  const asFound = process.platform === 'linux' ? undefined : 'IPv4';
  it.each([
    ['a UNIX socket', [true, true], asFound],
    ['TCP where the one who is called does without', [false, true], 'IPv4'],
    ['TCP where the caller does without', [true, false], 'IPv4'],
  ] as const)('meet over %s', async (_what, unixSockets, family) => {
    const server = await scene.server();
    const met = async (attempt: number) => {
      // The higher rank calls.
      const [called, caller] = await Promise.all(
        unixSockets.map((each, rank) =>
          scene.connector(server, { group: `attempt ${attempt}`, rank, worldSize: 2, unixSockets: each }),
        ),
      );
      return both(called!, caller!);
    };
    let [there, back] = await met(0);
    // On a busy machine a hole may be punched before the UNIX socket has answered; not ten times in a row.
    for (let attempt = 1; attempt < 10 && back.socket.remoteFamily !== family; attempt++)
      [there, back] = await met(attempt);
    expect(back.socket.remoteFamily).toBe(family);
    expect(await say(there, back, 'hello')).toBe('hello');
  });
});

describe('a connector', () => {
  it('waits for a peer that comes late', async () => {
    const server = await scene.server();
    const early = await scene.connector(server, { rank: 0, worldSize: 2 });
    const waiting = early.connect(1);
    const late = await scene.connector(server, { rank: 1, worldSize: 2 });
    const back = await late.connect(0);
    expect(await say(await waiting, back, 'at last')).toBe('at last');
  });

  it('gives the same link when asked again', async () => {
    const server = await scene.server();
    const [left, right] = (await scene.world(server, 2)) as [PeerConnector, PeerConnector];
    const [first, second] = await Promise.all([left.connect(1), left.connect(1), right.connect(0)]);
    expect(second).toBe(first);
    expect(await left.connect(1)).toBe(first);
  });

  it('makes a new link after the first one was closed', async () => {
    const server = await scene.server();
    const [left, right] = (await scene.world(server, 2)) as [PeerConnector, PeerConnector];
    const [there, back] = await both(left, right);
    back.socket.resume();
    void there.close();
    await Promise.all([once(there.socket, 'close'), once(back.socket, 'close')]);
    const [again, backAgain] = await both(left, right);
    expect(again).not.toBe(there);
    expect(await say(again, backAgain, 'hello again')).toBe('hello again');
  });

  it('rejects at the deadline, saying what it waited for', async () => {
    const server = await scene.server();
    const alone = await scene.connector(server, { rank: 0, worldSize: 2 });
    const attempt = alone.connect(1, { deadline: Date.now() + 20 });
    await expect(attempt).rejects.toThrow(PeerUnreachableError);
    await expect(attempt).rejects.toThrow("Rank 1 wasn't reached in time: it hasn't come to the rendezvous server");
  });

  it("rejects with the signal's reason", async () => {
    const server = await scene.server();
    const alone = await scene.connector(server, { rank: 0, worldSize: 2 });
    const stop = new AbortController();
    const attempt = alone.connect(1, { signal: stop.signal });
    stop.abort(new Error('changed my mind'));
    await expect(attempt).rejects.toThrow('changed my mind');
  });

  it('delivers the last words of a peer that leaves, and says that it left', async () => {
    const server = await scene.server();
    const [left, right] = (await scene.world(server, 2)) as [PeerConnector, PeerConnector];
    const [there, back] = await both(left, right);
    const gone = new Promise<[number, Departure]>((resolve) => left.onPeerLost((peer, how) => resolve([peer, how])));
    const heard: Buffer[] = [];
    there.socket.on('data', (chunk: Buffer) => heard.push(chunk)).resume();
    back.socket.write('last words');
    await right.close();
    expect(await gone).toEqual([1, 'left']);
    await until(() => there.socket.destroyed);
    expect(Buffer.concat(heard).toString()).toBe('last words');
    await expect(left.connect(1)).rejects.toThrow(PeerGoneError);
  });

  it('delivers the last words of a peer that closes without having read everything', async () => {
    const server = await scene.server();
    const [left, right] = (await scene.world(server, 2)) as [PeerConnector, PeerConnector];
    const [there, back] = await both(left, right);
    const words = Buffer.alloc(1_048_576, 'last words');
    there.socket.write(Buffer.alloc(100_000, 'never read'));
    back.socket.write(words);
    void back.close();
    const heard: Buffer[] = [];
    there.socket.on('data', (chunk: Buffer) => heard.push(chunk)).resume();
    await until(() => there.socket.destroyed);
    expect(Buffer.concat(heard).equals(words)).toBe(true);
  });

  it('meets the second process of a rank after the first one was lost', async () => {
    const server = await scene.server();
    const survivor = await scene.connector(server, { rank: 0, worldSize: 2 });
    const dying = new AbortController();
    const first = await scene.connector(server, { rank: 1, worldSize: 2, signal: dying.signal });
    await both(survivor, first);
    const lost = new Promise((resolve) => survivor.onPeerLost(resolve));
    dying.abort(new Error('killed'));
    await lost;
    const second = await scene.connector(server, { rank: 1, worldSize: 2 });
    const [there, back] = await both(survivor, second);
    expect(await say(back, there, 'second try')).toBe('second try');
  });

  it('gives way to a newer process of the same rank', async () => {
    const server = await scene.server();
    const older = await scene.connector(server, { rank: 1, worldSize: 2 });
    const waiting = older.connect(0);
    await scene.connector(server, { rank: 1, worldSize: 2 });
    await expect(waiting).rejects.toMatchObject({ refusal: 'replaced' });
  });

  it('keeps its links and finds new peers when the server is restarted', async () => {
    const server = await scene.server();
    const left = await scene.connector(server, { rank: 0, worldSize: 3 });
    const right = await scene.connector(server, { rank: 1, worldSize: 3 });
    const [there, back] = await both(left, right);
    const { port } = server;
    const late = left.connect(2);
    await server.close(0);
    await scene.server({ port });
    expect(await say(there, back, 'still here')).toBe('still here');
    const third = await scene.connector({ port }, { rank: 2, worldSize: 3 });
    expect(await say(await late, await third.connect(0), 'hello')).toBe('hello');
  });

  it('refuses a link that one side wants encrypted and the other not', async () => {
    const server = await scene.server();
    const open = await scene.connector(server, { rank: 0, worldSize: 2 });
    const secretive = await scene.connector(server, { rank: 1, worldSize: 2, encrypt: true });
    const attempts = await Promise.allSettled([open.connect(1), secretive.connect(0)]);
    for (const attempt of attempts) {
      expect(attempt).toMatchObject({ status: 'rejected', reason: expect.any(LinkMismatchError) });
    }
  });

  it('says that there is no path when neither a hole nor the relay may be used', async () => {
    const server = await scene.server();
    const options = { worldSize: 2, allowDirect: false, allowRelay: false };
    const left = await scene.connector(server, { rank: 0, ...options });
    await scene.connector(server, { rank: 1, ...options });
    await expect(left.connect(1, { deadline: Date.now() + 300 })).rejects.toThrow('the relay is not allowed');
  });

  it('says that the relay is full, and gets through when it has room again', async () => {
    const server = await scene.server({ limits: { relays: 1 } });
    const world = await scene.world(server, 4, { allowDirect: false });
    const [busy, other] = await both(world[0]!, world[1]!);
    await expect(world[2]!.connect(3, { deadline: Date.now() + 250 })).rejects.toThrow('the relay has no more room');
    const waiting = both(world[2]!, world[3]!);
    other.socket.resume();
    void busy.close();
    expect((await waiting)[0].kind).toBe('relay');
  });

  it('separates runs and groups', async () => {
    const server = await scene.server();
    const [one] = await scene.world(server, 2, { runId: 'one' });
    const other = await scene.connector(server, { rank: 1, worldSize: 2, runId: 'one', group: 'other' });
    await scene.world(server, 2, { runId: 'two' });
    await expect(other.connect(0, { deadline: Date.now() + 30 })).rejects.toThrow(PeerUnreachableError);
    expect((await one!.connect(1)).peer).toBe(1);
  });

  it('links a pair that needs no world', async () => {
    const server = await scene.server();
    const pair = { rendezvous: at(server), runId: 'run', runKey: deriveRunKey(secret, 'run'), pairingName: 'a pair' };
    const [left, right] = await Promise.all([meet({ ...pair, self: 3, peer: 7 }), meet({ ...pair, self: 7, peer: 3 })]);
    expect(await say(left, right, 'hello')).toBe('hello');
    right.socket.resume();
    void left.close();
    await once(right.socket, 'close');
  });
});

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
if (!hasIPv6) console.warn('Skipped: peers over IPv6, because this machine has no ::1.');

(hasIPv6 ? describe : describe.skip)('over IPv6', () => {
  it.each(ways)('peers meet %s', async (_how, options, kind) => {
    const server = await scene.server({ host: '::1' });
    const rendezvous = { host: '::1', port: server.port };
    const [there, back] = await both(
      ...((await scene.world(server, 2, { ...options, rendezvous })) as [PeerConnector, PeerConnector]),
    );
    expect([there.kind, back.kind]).toEqual([kind, kind]);
    expect(await say(there, back, 'hello')).toBe('hello');
  });
});

describe('joining', () => {
  it('says that nothing answers', async () => {
    const attempt = scene.connector({ port: 1 }, { rank: 0, worldSize: 1 });
    await expect(attempt).rejects.toThrow(RendezvousUnavailableError);
    await expect(attempt).rejects.toThrow('No rendezvous server answers at 127.0.0.1:1 (ECONNREFUSED)');
  });

  it('is refused with a key of another secret, or of another run', async () => {
    const server = await scene.server();
    for (const runKey of [deriveRunKey('another secret, as long', 'run'), deriveRunKey(secret, 'another run')]) {
      const attempt = scene.connector(server, { rank: 0, worldSize: 1, runKey });
      await expect(attempt).rejects.toThrow(RendezvousRefusedError);
      await expect(attempt).rejects.toMatchObject({ refusal: 'unknownKey' });
    }
  });

  it('works with a key of the secret before, while secrets change', async () => {
    const server = await scene.server({ secrets: ['the next secret, as long', secret] });
    const connector = await scene.connector(server, { rank: 0, worldSize: 1 });
    expect(connector.worldSize).toBe(1);
  });

  it('is refused with another world size than the one that was opened', async () => {
    const server = await scene.server();
    const run = { rendezvous: at(server), runId: 'run', runKey: deriveRunKey(secret, 'run') };
    const check = await checkRendezvous({ ...run, worldSize: 3 });
    expect(check).toMatchObject({ members: 0, observed: { host: '127.0.0.1' } });
    await expect(scene.connector(server, { rank: 0, worldSize: 4 })).rejects.toThrow('world size of 3, not 4');
    await scene.connector(server, { rank: 0, worldSize: 3 });
    expect(await checkRendezvous({ ...run, worldSize: 3 })).toMatchObject({ members: 1 });
  });

  it('is refused by limits, in words', async () => {
    const server = await scene.server({ limits: { worlds: 1, worldSize: 8 } });
    await scene.connector(server, { rank: 0, worldSize: 2 });
    await expect(scene.connector(server, { rank: 0, worldSize: 2, runId: 'second' })).rejects.toThrow('holds 1 runs');
    await expect(scene.connector(server, { rank: 0, worldSize: 9, runId: 'big' })).rejects.toThrow('allowed: 1 to 8');
  });
});
