// Floods the server with garbage, mutated messages, replays, slow drips and squatters, while honest pairs go on meeting. Loopback only.
// node packages/rendezvous/bench/hostile.ts [inputs=100000] [seed=1]
import { connect, type Socket } from 'node:net';
import { createConnector, deriveRunKey } from '../src/index.ts';
import { keyHint } from '../src/keys.ts';
import { encode, magic } from '../src/wire/messages.ts';
import { encodeRequestV2 } from '../src/wire/v2.ts';
import { secret, startServer } from './server-process.ts';

const [inputs = 100_000, seed = 1] = process.argv.slice(2).map(Number);
const atOnce = 64;
/** Until waiting strangers have timed out and refused ones are gone. */
const settleMs = 3_000;
const random = mulberry32(seed);
const server = await startServer({ allowV1: true, timeouts: { firstMessage: 500, waiting: 2_000 } });
const hello = Buffer.concat([
  magic,
  encode('hello', {
    version: 1,
    role: 'member',
    runId: 'run',
    group: '',
    rank: 0,
    worldSize: 2,
    keyHint: keyHint(deriveRunKey(secret, 'run')),
    nonce: Buffer.alloc(16, 1),
  }),
]);
const proof = encode('proof', { mac: Buffer.alloc(32), candidates: [] });
const join = encode('join', { pairing: Buffer.alloc(16), rank: 0, path: 'relay', mac: Buffer.alloc(32) });
const request = encodeRequestV2({ pairingName: 'fmi0_1', token: '' });

/** What a hostile client sends; the pieces go out one after another. */
const attacks: (() => Buffer[])[] = [
  () => [bytes(1 + below(400))],
  () => [Buffer.concat([magic, bytes(below(200))])],
  () => [mutate(Buffer.concat([hello, proof]))],
  () => [hello, proof],
  () => [mutate(hello), mutate(proof)],
  () => [Buffer.concat([magic, mutate(join)])],
  () => [mutate(request)],
  () => [request],
  () => [Buffer.from(`fmi${below(3)}_${below(3)}`)],
  () => [Buffer.from('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n')],
  () => [hello.subarray(0, below(hello.length))],
  () => [],
];

const slow = Array.from({ length: 200 }, () => drip());
const memory: number[] = [];
const liveBefore = await server.live();
let honest = 0;
const began = performance.now();
let next = 0;
const worker = async () => {
  while (next < inputs) {
    const index = next++;
    await attack(attacks[index % attacks.length]!());
    if (index % Math.ceil(inputs / 20) === 0) {
      memory.push(server.memory());
      await honestPair(`honest ${index}`);
      honest++;
    }
  }
};
await Promise.all(Array.from({ length: atOnce }, worker));
for (const stop of slow) stop();
await new Promise((resolve) => setTimeout(resolve, settleMs));
const { refused, members, waitingV1, waitingV2, connections } = await server.stats();
process.stdout.write(
  [
    `${inputs} hostile inputs in ${((performance.now() - began) / 1_000).toFixed(0)} s, ${honest} honest pairs met meanwhile`,
    `refused: ${JSON.stringify(refused)}; members now: ${members}; waiting: ${waitingV1} v1, ${waitingV2} v2; connections: ${connections}`,
    `server memory along the way: ${memory.join(' ')} MiB; live: ${liveBefore} MiB before, ${await server.live()} after`,
    '',
  ].join('\n'),
);
process.exitCode = members === 0 && honest === memory.length ? 0 : 1;
await server.stop();

async function attack(pieces: readonly Buffer[]): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: server.port });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined).resume();
  for (const piece of pieces) socket.write(piece);
  // Some wait for the answer, some leave at once, some hang up rudely.
  const manner = below(3);
  if (manner === 0) socket.end();
  else if (manner === 1) socket.once('data', () => socket.destroy());
  else setTimeout(() => socket.resetAndDestroy(), 5);
  await closed;
}

/** Sends a byte now and then, and starts again when it is cut off. */
function drip(): () => void {
  let socket: Socket | undefined;
  let stopped = false;
  const begin = () => {
    if (stopped) return;
    socket = connect({ host: '127.0.0.1', port: server.port });
    socket.on('error', () => undefined).on('close', begin);
    socket.write(magic);
  };
  begin();
  const timer = setInterval(() => socket?.write(Buffer.of(0)), 100);
  return () => {
    stopped = true;
    clearInterval(timer);
    socket?.destroy();
  };
}

async function honestPair(runId: string): Promise<void> {
  const common = { rendezvous: { host: '127.0.0.1', port: server.port }, runId, runKey: deriveRunKey(secret, runId) };
  const deadline = Date.now() + 10_000;
  const pair = await Promise.all([0, 1].map((rank) => createConnector({ ...common, rank, worldSize: 2, deadline })));
  await Promise.all(pair.map((connector) => connector.connect(1 - connector.rank, { deadline })));
  await Promise.all(pair.map((connector) => connector.close()));
}

function mutate(original: Buffer): Buffer {
  const copy = Buffer.from(original);
  for (let changes = 1 + below(4); changes > 0; changes--) copy[below(copy.length)] = below(256);
  return below(4) === 0 ? copy.subarray(0, below(copy.length)) : copy;
}

function bytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => below(256)));
}

function below(limit: number): number {
  return Math.floor(random() * limit);
}

/** Small seeded generator (Tommy Ettinger's mulberry32), so that a failing flood can be repeated. */
function mulberry32(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
