import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import {
  deriveRunKey,
  RendezvousRefusedError,
  startRendezvous,
  type PeerConnector,
  type RendezvousServer,
} from '../src/index.ts';
import { clientMac, joinMac, keyHint } from '../src/keys.ts';
import { FrameReader } from '../src/wire/frame-reader.ts';
import { encode, magic, type Body, type Message } from '../src/wire/messages.ts';
import { decodeAddressV1 } from '../src/wire/v1.ts';
import { decodeResponseV2, encodeRequestV2 } from '../src/wire/v2.ts';
import { at, both, RawClient, say, Scene, secret, until } from './harness.ts';

const scene = new Scene();
afterEach(() => scene.close());

const portOf = (client: RawClient) => client.socket.localPort!;

describe('TCPunch v1', () => {
  it('answers each client its own address at once, and then the address of the other', async () => {
    const server = await scene.server({ allowV1: true });
    const first = (await scene.raw(server.port)).send('fmi0_1');
    expect(decodeAddressV1(await first.take(8))).toEqual({ host: '127.0.0.1', port: portOf(first) });
    const second = (await scene.raw(server.port)).send('fmi0_1');
    expect(decodeAddressV1(await second.take(8))).toEqual({ host: '127.0.0.1', port: portOf(second) });
    expect(decodeAddressV1(await second.take(8))).toEqual({ host: '127.0.0.1', port: portOf(first) });
    expect(decodeAddressV1(await first.take(8))).toEqual({ host: '127.0.0.1', port: portOf(second) });
    await Promise.all([first.closed, second.closed]);
    expect(server.stats()).toMatchObject({ pairingsV1: 1, waitingV1: 0 });
  });

  it('frees the name of a client that died waiting', async () => {
    const server = await scene.server({ allowV1: true });
    const dead = (await scene.raw(server.port)).send('fmi0_1');
    await dead.take(8);
    dead.socket.destroy();
    await until(() => server.stats().waitingV1 === 0);
    const first = (await scene.raw(server.port)).send('fmi0_1');
    await first.take(8);
    const second = (await scene.raw(server.port)).send('fmi0_1');
    await second.take(8);
    expect(decodeAddressV1(await second.take(8)).port).toBe(portOf(first));
  });

  it('takes a name that comes in pieces', async () => {
    const server = await scene.server({ allowV1: true, timeouts: { settleV1: 100 } });
    const first = (await scene.raw(server.port)).send('fmi');
    await new Promise((resolve) => setImmediate(resolve));
    first.send('0_1');
    await first.take(8);
    const second = (await scene.raw(server.port)).send('fmi0_1');
    await second.take(8);
    expect(decodeAddressV1(await second.take(8)).port).toBe(portOf(first));
  });

  it('is closed without a word unless it is allowed', async () => {
    const server = await scene.server({ timeouts: { firstMessage: 30 } });
    const client = (await scene.raw(server.port)).send('fmi0_1');
    await client.closed;
    expect(client.received).toHaveLength(0);
  });

  it('ends the wait for a peer that never comes', async () => {
    const server = await scene.server({ allowV1: true, timeouts: { waiting: 20 } });
    const client = (await scene.raw(server.port)).send('fmi0_1');
    await client.take(8);
    await client.closed;
    await until(() => server.stats().waitingV1 === 0);
    expect(server.stats().refused).toEqual({ timeout: 1 });
  });
});

describe('TCPunch v2', () => {
  const request = (pairingName: string, token = '') => encodeRequestV2({ pairingName, token });
  const answer = async (client: RawClient) => decodeResponseV2(await client.take(50));

  it('answers `waiting` and then `paired` to the first, `paired` to the second', async () => {
    const server = await scene.server();
    const first = (await scene.raw(server.port)).send(request('pair'));
    const you = { host: '127.0.0.1', port: portOf(first) };
    expect(await answer(first)).toMatchObject({ status: 'waiting', you, peer: undefined });
    const second = (await scene.raw(server.port)).send(request('pair'));
    expect(await answer(second)).toMatchObject({ status: 'paired', peer: you });
    expect(await answer(first)).toMatchObject({ status: 'paired', you, peer: { port: portOf(second) } });
    expect(server.stats()).toMatchObject({ pairingsV2: 1, waitingV2: 0 });
  });

  it('takes a request byte by byte', async () => {
    const server = await scene.server({ allowV1: true });
    const client = await scene.raw(server.port);
    for (const byte of request('slowly')) {
      client.send(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await answer(client)).toMatchObject({ status: 'waiting' });
  });

  it('gives a client its place back for its token, and pairs nobody with the connection it lost', async () => {
    const server = await scene.server();
    const lost = (await scene.raw(server.port)).send(request('pair'));
    const { token } = await answer(lost);
    expect(token).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    lost.socket.destroy();
    await until(() => server.stats().waitingV2 === 0);
    const second = (await scene.raw(server.port)).send(request('pair'));
    expect(await answer(second)).toMatchObject({ status: 'waiting' });
    const back = (await scene.raw(server.port)).send(request('pair', token));
    expect(await answer(back)).toMatchObject({ status: 'paired', token, peer: { port: portOf(second) } });
    expect(await answer(second)).toMatchObject({ status: 'paired', peer: { port: portOf(back) } });
  });

  it('lets a client replace its own connection that the server still believes in', async () => {
    const server = await scene.server();
    const old = (await scene.raw(server.port)).send(request('pair'));
    const { token } = await answer(old);
    const back = (await scene.raw(server.port)).send(request('pair', token));
    expect(await answer(back)).toMatchObject({ status: 'waiting', token });
    await old.closed;
    const second = (await scene.raw(server.port)).send(request('pair'));
    expect(await answer(second)).toMatchObject({ peer: { port: portOf(back) } });
  });

  it('answers `timeout` when no peer comes', async () => {
    const server = await scene.server({ timeouts: { waiting: 20 } });
    const client = (await scene.raw(server.port)).send(request('pair'));
    expect(await answer(client)).toMatchObject({ status: 'waiting' });
    expect(await answer(client)).toMatchObject({ status: 'timeout' });
    await client.closed;
  });
});

describe('strangers', () => {
  it('are cut off when their first message takes too long, however busily they drip', async () => {
    const server = await scene.server({ timeouts: { firstMessage: 60 } });
    const client = await scene.raw(server.port);
    const drip = setInterval(() => client.send(magic.subarray(0, 1)), 5);
    client.send(magic).send(Buffer.from([0, 120, 1]));
    await client.closed;
    clearInterval(drip);
    await until(() => server.stats().connections === 0);
  });

  it('are refused above the limit of their address, and let in again when others have gone', async () => {
    const server = await scene.server({ limits: { strangersPerAddress: 3 } });
    const seated = [await scene.raw(server.port), await scene.raw(server.port), await scene.raw(server.port)];
    await until(() => server.stats().connections === 3);
    const fourth = await scene.raw(server.port);
    await fourth.closed;
    expect(server.stats().refused.limit).toBe(1);
    seated[0]!.socket.destroy();
    await until(() => server.stats().connections === 2);
    await scene.connector(server, { rank: 0, worldSize: 1 });
  });

  it('may not take more than the total', async () => {
    const server = await scene.server({ limits: { connections: 2 } });
    await scene.connector(server, { rank: 0, worldSize: 1 });
    await scene.raw(server.port);
    await until(() => server.stats().connections === 2);
    await (
      await scene.raw(server.port)
    ).closed;
    expect(server.stats()).toMatchObject({ connections: 2, members: 1 });
  });

  it('get nowhere with garbage, and the others notice nothing', async () => {
    const server = await scene.server({ allowV1: true });
    const [left, right] = await Promise.all([0, 1].map((rank) => scene.connector(server, { rank, worldSize: 2 })));
    for (const garbage of ['GET / HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n'.repeat(3), '\0\0\0', '\xff\xff']) {
      const client = (await scene.raw(server.port)).send(Buffer.from(garbage, 'latin1'));
      await client.closed;
    }
    const tooLong = (await scene.raw(server.port)).send(Buffer.concat([magic, Buffer.from([0xff, 0xff, 1])]));
    expect(nextMessage(await received(tooLong))).toMatchObject({ name: 'refused', body: { refusal: 'malformed' } });
    expect(await say(...(await both(left!, right!)), 'unharmed')).toBe('unharmed');
  });
});

describe('arbitrary first bytes', () => {
  it('neither harm the server nor stay', async () => {
    const server = await scene.server({
      allowV1: true,
      timeouts: { firstMessage: 20, proof: 20, settleV1: 5, waiting: 20 },
    });
    const start = fc.constantFrom(Buffer.alloc(0), magic, Buffer.concat([magic, encode('hello', helloOf(0))]));
    await fc.assert(
      fc.asyncProperty(start, fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (first, bytes, leaves) => {
        const client = await scene.raw(server.port);
        client.send(Buffer.concat([first, bytes]));
        if (leaves) client.socket.end();
        await client.closed;
      }),
      { numRuns: 150 },
    );
    await until(() => server.stats().connections === 0);
    expect(server.stats()).toMatchObject({ members: 0, waitingV1: 0, waitingV2: 0 });
    const pair = await Promise.all([0, 1].map((rank) => joined(server, rank)));
    expect(await say(...(await both(pair[0]!, pair[1]!)), 'unharmed')).toBe('unharmed');
  });

  /** What is patience enough for strangers may be too little for a friend when the machine is busy: then it tries again. */
  async function joined(server: RendezvousServer, rank: number): Promise<PeerConnector> {
    for (;;) {
      try {
        return await scene.connector(server, { rank, worldSize: 2 });
      } catch (error) {
        if (!(error instanceof RendezvousRefusedError && error.refusal === 'timeout')) throw error;
      }
    }
  }
});

describe('the relay', () => {
  it('stops a sender whose peer reads slowly, instead of storing what it sends', async () => {
    const server = await scene.server();
    const pair = await Promise.all(
      [0, 1].map((rank) => scene.connector(server, { rank, worldSize: 2, allowDirect: false })),
    );
    const [fast, slow] = await both(pair[0]!, pair[1]!);
    const chunk = Buffer.alloc(1_048_576, 'x');
    const chunks = 64;
    for (let index = 0; index < chunks; index++) fast.socket.write(chunk);
    // The reader hasn't begun: what is under way fills socket buffers, and then nothing moves any more.
    let moved = -1;
    while (server.stats().relayedBytes !== moved) {
      moved = server.stats().relayedBytes;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(moved).toBeLessThan((chunks / 2) * chunk.length);
    fast.socket.end();
    let heard = 0;
    slow.socket.on('data', (bytes: Buffer) => (heard += bytes.length)).resume();
    await once(slow.socket, 'end');
    expect(heard).toBe(chunks * chunk.length);
  });
});

describe('proofs', () => {
  it('are of no use a second time: neither the control proof nor a join', async () => {
    const server = await scene.server();
    const mallory = await scene.raw(server.port);
    const recorded = helloOf(0);
    mallory.send(Buffer.concat([magic, encode('hello', recorded)]));
    const challenge = await messageOf(mallory, 'challenge');
    const proof = proofFor(recorded, challenge);
    mallory.send(proof);
    await messageOf(mallory, 'welcome');

    const replay = await scene.raw(server.port);
    replay.send(Buffer.concat([magic, encode('hello', recorded)]));
    await messageOf(replay, 'challenge');
    replay.send(proof);
    expect(await messageOf(replay, 'refused')).toMatchObject({ refusal: 'wrongProof' });
    expect(server.stats().members).toBe(1);
  });

  it('are needed for the relay of a pairing, and each side may take it once', async () => {
    const server = await scene.server();
    const clients = await Promise.all([memberOf(server.port, 0), memberOf(server.port, 1)]);
    clients[0].send(encode('seek', { peers: [{ rank: 1, failed: Buffer.alloc(16) }] }));
    const { pairing } = await messageOf(clients[0], 'introduce');
    await messageOf(clients[1], 'introduce');
    const join = (rank: number, key: Buffer) => {
      const mac = joinMac(key, pairing, rank, 'relay');
      return Buffer.concat([magic, encode('join', { pairing, rank, path: 'relay', mac })]);
    };
    const right = deriveRunKey(secret, 'run');

    const forged = (await scene.raw(server.port)).send(join(0, deriveRunKey('some other secret', 'run')));
    expect(await messageOf(forged, 'refused')).toMatchObject({ refusal: 'wrongProof' });
    const outsider = (await scene.raw(server.port)).send(join(7, right));
    expect(await messageOf(outsider, 'refused')).toMatchObject({ refusal: 'unknownPairing' });

    const first = (await scene.raw(server.port)).send(join(0, right));
    expect(await messageOf(clients[1], 'nudge')).toMatchObject({ path: 'relay' });
    const replayed = (await scene.raw(server.port)).send(join(0, right));
    expect(await messageOf(replayed, 'refused')).toMatchObject({ refusal: 'unknownPairing' });
    const second = (await scene.raw(server.port)).send(join(1, right));
    await Promise.all([messageOf(first, 'open'), messageOf(second, 'open')]);
    first.send('through the relay');
    expect((await second.take(17)).toString()).toBe('through the relay');
    second.socket.end();
    await first.closed;
  });

  it('bind the rank: a proof for one rank joins no other', async () => {
    const server = await scene.server();
    const client = await scene.raw(server.port);
    client.send(Buffer.concat([magic, encode('hello', helloOf(1))]));
    const challenge = await messageOf(client, 'challenge');
    client.send(proofFor(helloOf(0), challenge));
    expect(await messageOf(client, 'refused')).toMatchObject({ refusal: 'wrongProof' });
  });
});

describe('a member', () => {
  it('that stays silent is asked, and then given up', async () => {
    const server = await scene.server({ timeouts: { heartbeat: 20, silent: 60 } });
    const silent = await memberOf(server.port, 0);
    const observer = await scene.connector(server, { rank: 1, worldSize: 2 });
    const lost = new Promise<number>((resolve) => observer.onPeerLost(resolve));
    await messageOf(silent, 'ping');
    expect(await messageOf(silent, 'refused')).toMatchObject({ refusal: 'timeout' });
    expect(await lost).toBe(0);
    expect(server.stats()).toMatchObject({ members: 1, membersLost: 1 });
  });

  it('that seeks itself or a rank outside the world is dismissed', async () => {
    const server = await scene.server();
    for (const rank of [0, 2]) {
      const client = await memberOf(server.port, 0);
      client.send(encode('seek', { peers: [{ rank, failed: Buffer.alloc(16) }] }));
      expect(await messageOf(client, 'refused')).toMatchObject({ refusal: 'malformed' });
    }
  });
});

describe('a client out of turn', () => {
  it.each<[string, (port: number) => Promise<RawClient>, Buffer]>([
    ['before its hello', (port) => scene.raw(port), Buffer.concat([magic, encode('leave', {})])],
    ['before its proof', greeted, encode('leave', {})],
    ['as a member', (port) => memberOf(port, 0), encode('hello', helloOf(0))],
    ['as an observer', observerOf, encode('seek', { peers: [] })],
  ])('%s is dismissed', async (_when, arrive, message) => {
    const server = await scene.server();
    const client = await arrive(server.port);
    client.send(message);
    expect(await messageOf(client, 'refused')).toMatchObject({ refusal: 'malformed' });
  });
});

describe('a draining server', () => {
  it('lets a relay finish, refuses new members, and says so on /healthz', async () => {
    const server = await scene.server();
    const health = `http://127.0.0.1:${server.healthPort}/healthz`;
    expect(await (await fetch(health)).json()).toMatchObject({ status: 'ok', members: 0 });
    const pair = await Promise.all(
      [0, 1].map((rank) => scene.connector(server, { rank, worldSize: 2, allowDirect: false })),
    );
    const [there, back] = await both(pair[0]!, pair[1]!);
    const closed = server.close(20_000);
    expect((await fetch(health)).status).toBe(503);
    const newcomer = scene.connector(server, { rank: 0, worldSize: 1, runId: 'new' });
    await expect(newcomer).rejects.toThrow(RendezvousRefusedError);
    await expect(newcomer).rejects.toMatchObject({ refusal: 'draining' });
    expect(await say(there, back, 'not yet over')).toBe('not yet over');
    back.socket.resume();
    void there.close();
    await closed;
    await expect(fetch(health)).rejects.toThrow();
  });

  it('closes at once when nothing is in progress', async () => {
    const server = await scene.server();
    await scene.raw(server.port);
    await scene.connector(server, { rank: 0, worldSize: 1 });
    await server.close(60_000);
    const late = connect({ host: '127.0.0.1', port: server.port });
    await expect(new Promise((_, reject) => late.once('error', reject))).rejects.toThrow('ECONNREFUSED');
  });
});

describe('starting', () => {
  it.each([[[]], [['short']]])('refuses secrets that protect nothing: %j', async (secrets) => {
    await expect(startRendezvous({ secrets, port: 0, healthPort: 0 })).rejects.toThrow(/secret/);
  });

  it('wants secrets that are long enough', async () => {
    await expect(scene.server({ secrets: [] })).rejects.toThrow(/needs a secret/);
    await expect(scene.server({ secrets: [secret, 'short'] })).rejects.toThrow(
      /^Rendezvous secret 2 has 5 bytes; at least \d+ are needed/,
    );
  });

  it('says which port is taken', async () => {
    const server = await scene.server();
    await expect(scene.server({ port: server.port })).rejects.toThrow(`port ${server.port}`);
  });

  it('serves the metrics it is given', async () => {
    const metrics = async () => ({ contentType: 'text/plain', body: 'rendezvous_members 0\n' });
    const server = await scene.server({ metrics });
    const answer = await fetch(`http://127.0.0.1:${server.healthPort}/metrics`);
    expect(await answer.text()).toBe('rendezvous_members 0\n');
    expect((await fetch(`http://127.0.0.1:${server.healthPort}/other`)).status).toBe(404);
    expect(at(server).port).toBe(server.port);
  });
});

function helloOf(rank: number): Body<'hello'> {
  return {
    version: 1,
    role: 'member',
    runId: 'run',
    group: '',
    rank,
    worldSize: 2,
    keyHint: keyHint(deriveRunKey(secret, 'run')),
    nonce: Buffer.alloc(16, 7),
  };
}

function proofFor(hello: Body<'hello'>, challenge: Body<'challenge'>): Buffer {
  const transcript = { ...hello, clientNonce: hello.nonce, serverNonce: challenge.nonce };
  const mac = clientMac(deriveRunKey(secret, 'run'), transcript, Buffer.from([0, 0]));
  return encode('proof', { mac, candidates: [] });
}

/** A member that says only what the test says. */
async function memberOf(port: number, rank: number): Promise<RawClient> {
  return await welcomed(port, helloOf(rank));
}

async function observerOf(port: number): Promise<RawClient> {
  return await welcomed(port, { ...helloOf(0), role: 'observer' });
}

async function welcomed(port: number, hello: Body<'hello'>): Promise<RawClient> {
  const client = await scene.raw(port);
  client.send(Buffer.concat([magic, encode('hello', hello)]));
  client.send(proofFor(hello, await messageOf(client, 'challenge')));
  await messageOf(client, 'welcome');
  return client;
}

/** A client that was challenged. */
async function greeted(port: number): Promise<RawClient> {
  const client = await scene.raw(port);
  client.send(Buffer.concat([magic, encode('hello', helloOf(0))]));
  await messageOf(client, 'challenge');
  return client;
}

async function messageOf<Name extends Message['name']>(client: RawClient, name: Name): Promise<Body<Name>> {
  const header = await client.take(3);
  const message = nextMessage(Buffer.concat([header, await client.take(header.readUInt16BE(0))]));
  expect(message?.name).toBe(name);
  return message!.body as Body<Name>;
}

async function received(client: RawClient): Promise<Buffer> {
  await client.closed;
  return client.received;
}

function nextMessage(bytes: Buffer): Message | undefined {
  const reader = new FrameReader();
  reader.push(bytes);
  return reader.next();
}
