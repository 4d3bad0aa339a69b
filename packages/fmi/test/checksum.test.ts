import fc from 'fast-check';
import { withTap } from './support/tap.ts';

const KIB = 1024;

describe('checksums of messages', () => {
  // Around 64 KiB the kind of checksum changes.
  it.each([[1], [64 * KIB - 1], [64 * KIB], [64 * KIB + 1], [300 * KIB]])(
    'find any changed bit in a message of %i bytes',
    async (length) => {
      await fc.assert(
        fc.asyncProperty(fc.nat(length - 1), fc.nat(7), async (at, bit) => {
          const header = 28;
          let seen = 0;
          await withTap(
            (chunk, forward) => {
              const spot = header + at - seen;
              if (spot >= 0 && spot < chunk.length) chunk[spot]! ^= 1 << bit;
              seen += chunk.length;
              forward(chunk);
            },
            async (a, b) => {
              // Of a link through which nothing has come, the sender waits a second for the server's word.
              await Promise.all([b.send('a word', 0), a.recv(1)]);
              const [, got] = await Promise.allSettled([a.send(new Uint8Array(length).fill(9), 1), b.recv(0)]);
              expect(got).toMatchObject({ status: 'rejected', reason: { message: /wrong checksum/ } });
              // The sender learns of it too; until then it would close with a message that nobody has taken.
              await expect(a.recv(1)).rejects.toThrow();
            },
          );
        }),
        { numRuns: 10, seed: 11 },
      );
    },
  );
});
