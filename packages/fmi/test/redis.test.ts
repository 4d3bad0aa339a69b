import { ChannelUnavailableError, Communicator, redis } from '../src/index.ts';
import { allSizes, conformance, everyRoot, MIB, outerRoots, smallLengths } from './support/conformance.ts';
import { failures } from './support/failures.ts';
import { hasRedisServer, startRedis } from './support/redis-server.ts';
import { redisWorld } from './support/worlds.ts';

const isFull = process.env.FMI_FULL === '1';

if (hasRedisServer()) {
  const server = await startRedis();
  afterAll(() => server.stop());
  const world = redisWorld(server.url);
  conformance('redis channel', world, [
    { worldSizes: [1, 2, 3, 5, 8], lengths: [0, 1, 65_537], roots: outerRoots },
    ...(isFull
      ? [
          { worldSizes: allSizes, lengths: smallLengths, roots: everyRoot },
          { worldSizes: [2, 3], lengths: [8 * MIB], roots: outerRoots },
        ]
      : [{ worldSizes: [2], lengths: [8 * MIB], roots: outerRoots }]),
  ]);
  failures('redis channel', world, { noticesCuts: false, deadlineMs: 1600 });
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
