import { handOver } from './support/hand-over.ts';
import { ways, type Way } from './support/kill-rounds.ts';

const MIB = 1024 * 1024;

describe.each(Object.keys(ways) as Way[])('a message sent just before closing to a rank that computes, %s', (way) => {
  it.each([
    [1024, 1_500],
    [16 * MIB, 1_500],
  ])('of %d bytes arrives', async (bytes, busyMs) => {
    const { sender, receiver, exitCodes } = await handOver({ way, bytes, busyMs, deadlineMs: 30_000 });
    expect(sender).toEqual({ sha256: expect.any(String) as unknown });
    expect(receiver).toEqual(sender);
    expect(exitCodes).toEqual([0, 0]);
  });

  it('is reported as undelivered when the rank takes longer than closing may', async () => {
    const { sender } = await handOver({ way, bytes: 16 * MIB, busyMs: 4_000, deadlineMs: 1_500 });
    expect(sender).toEqual({
      error: expect.stringMatching(/UndeliveredError: Rank 1 .*within the 1\.5 s|Rank 1 was lost/) as unknown,
    });
  });
});
