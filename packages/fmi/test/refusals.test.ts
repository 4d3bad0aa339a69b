import { unbundle } from '../src/collectives/bundle.ts';
import {
  ChannelUnavailableError,
  CommunicatorClosedError,
  MessageError,
  orderedSum,
  type Communicator,
} from '../src/index.ts';
import { TcpunchCommunicator } from '../src/tcpunch.ts';
import { typeOf, type TypedArray } from '../src/value.ts';
import { type TestWorld } from '../src/conformance.ts';
import { memoryWorld } from './support/worlds.ts';

describe('a communicator refuses', () => {
  let world: TestWorld;
  let rank: Communicator;
  beforeEach(async () => {
    world = await memoryWorld(2);
    [rank] = world.ranks as [Communicator];
  });
  afterEach(() => world[Symbol.asyncDispose]());

  it.each<[string, RegExp, () => Promise<unknown>]>([
    ['to send to itself', /^Rank 0 sends to itself; keep the value instead/, () => rank.send(1, 0)],
    ['to receive from itself', /^Rank 0 receives from itself; keep the value instead/, () => rank.recv(0)],
    [
      'what JSON has no text for',
      /^A value of type object can't be sent/,
      () => rank.send({ toJSON: () => undefined }, 1),
    ],
  ])('%s', async (_what, message, call) => {
    const refusal = await call().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MessageError);
    expect((refusal as Error).message).toMatch(message);
  });

  it('an array that peers have no code for', () => {
    class Float16Array extends Uint16Array {
      // As in the versions of JavaScript that have one.
      override get [Symbol.toStringTag]() {
        return 'Float16Array' as 'Uint16Array';
      }
    }
    expect(() => typeOf(new Float16Array(1) as TypedArray)).toThrow(/^A Float16Array can't be sent; allowed: /);
  });

  it('a channel that it has not', async () => {
    const barrier = rank.barrier({ channel: 'redis' });
    await expect(barrier).rejects.toThrow(ChannelUnavailableError);
    await expect(barrier).rejects.toThrow(/has no channel "redis"; it has: memory\.$/);
  });

  it('everything once it is closed', async () => {
    await Promise.all(world.ranks.map((each) => each.close()));
    await expect(rank.barrier()).rejects.toThrow(CommunicatorClosedError);
    await expect(rank.send(1, 1)).rejects.toThrow(CommunicatorClosedError);
    await expect(rank.recv(1)).rejects.toThrow(CommunicatorClosedError);
  });
});

it('a sum of what has none names both', () => {
  expect(() => orderedSum.combine('a' as unknown as number, 1)).toThrow(
    /reduces numbers and typed arrays, not .* with .*number/,
  );
});

it.each([
  ['shorter than its count', Uint8Array.of(1, 0, 0), /^3 bytes arrived that are not a bundle/],
  ['shorter than its list', Uint8Array.of(9, 0, 0, 0), /^4 bytes arrived that are not a bundle/],
  ['cut within a message', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0), /ends within message 0\.$/],
])('a bundle that is %s is refused', (_how, body, message) => {
  const bundle = () => unbundle({ type: 0, body, owned: true });
  expect(bundle).toThrow(MessageError);
  expect(bundle).toThrow(message);
});

it('a rank among C++ peers exchanges nothing with itself', async () => {
  const alone = new TcpunchCommunicator(0, 1, { name: 'alone', meet: () => Promise.reject(new Error('nobody')) });
  await expect(alone.send(Uint8Array.of(1), 0)).rejects.toThrow(/^Rank 0 can't exchange messages with itself/);
});
