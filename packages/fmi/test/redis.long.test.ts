import { ChannelUnavailableError, Communicator } from '../src/index.ts';
import { redis } from '../src/boards.ts';
import { everyDay, MIB, outerRoots, wholeContract, describeFailures } from '../src/conformance.ts';
import { ALL_PROGRAMS, conformance, isFull } from './support/contract.ts';
import { randomPrograms } from './support/random-programs.ts';
import { hasRedisServer, startRedis } from './support/redis-server.ts';
import { redisWorld } from './support/worlds.ts';

const name = 'redis channel';

if (hasRedisServer()) {
  const server = await startRedis();
  afterAll(() => server.stop());
  const world = redisWorld(server.url);
  conformance(
    name,
    world,
    isFull
      ? wholeContract.map((extent) => ({ ...extent, mostGathered: 4 * 1024 * MIB }))
      : everyDay([1, 2, 3, 5, 8], outerRoots),
  );
  randomPrograms(name, world, isFull ? [1, 2, 3, 5, 8, 9] : [2, 5], ALL_PROGRAMS);
  describeFailures(name, world, { noticesCuts: false, deadlineMs: 4000 });
} else {
  describe.skip('redis channel (no redis-server)', () => {
    it('passes the conformance suite', () => undefined);
  });
}

describe('the redis channel', () => {
  it('says which server can’t be reached, without its password', async () => {
    const communicator = new Communicator(0, 2, {
      name: 'nobody',
      channels: [redis('redis://user:secret@127.0.0.1:1')],
    });
    const failed = await communicator.barrier().catch((error: unknown) => error as Error);
    await communicator.close().catch(() => undefined);
    expect(failed).toBeInstanceOf(ChannelUnavailableError);
    expect((failed as Error).message).toContain('127.0.0.1:1 failed');
    expect((failed as Error).message).not.toContain('secret');
  });
});
