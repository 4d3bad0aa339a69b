import fc from 'fast-check';
import { FrameReader, frameKinds, HEADER_BYTES, TRAILER_BYTES, writeFrame } from '../src/channels/frame.ts';
import { CorruptFrameError, PeerLostError, type Communicator } from '../src/index.ts';
import type { Slot } from '../src/operation.ts';
import { bytesFor } from '../src/conformance/reference.ts';
import { withTap } from './support/tap.ts';
import { directWorld } from './support/worlds.ts';

/** The bytes that a rank sends for some operations, taken from a real world by a tap between the two. */
async function recordBytes(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let isOver = false;
  await withTap(
    (chunk, forward) => {
      if (!isOver) chunks.push(chunk);
      forward(chunk);
    },
    async (a, b) => {
      await Promise.all([a.barrier(), b.barrier()]);
      await Promise.all([a.send(bytesFor(1, 100), 1), b.recv(0)]);
      await Promise.all([a.send({ text: 'frames' }, 1), b.recv(0)]);
      // Without the good-byes.
      isOver = true;
    },
  );
  return Buffer.concat(chunks);
}

interface Frame {
  readonly kind: number;
  readonly slot: Slot;
  readonly type: number;
  readonly body: Uint8Array;
  readonly consumed: number;
}

const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

/** A frame as `writeFrame` takes it and `onFrame` gives it. Bodies are short, so that most cuts fall into headers and trailers. */
const anyFrame: fc.Arbitrary<Frame> = fc.record({
  kind: fc.constantFrom<number>(...Object.values(frameKinds)),
  slot: fc.record({ context: uint32, sequence: uint32, signature: uint32 }),
  type: fc.integer({ min: 0, max: 255 }),
  body: fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 40 })),
  consumed: uint32,
});

const written = (frames: readonly Frame[]): Buffer =>
  Buffer.concat(
    frames.map(({ kind, slot, type, body, consumed }) => writeFrame(kind, slot, { type, body, owned: true }, consumed)),
  );

/** What a reader delivers when the stream comes in these chunks, each in memory that is overwritten after `push`, as sockets may do. */
function readInChunks(chunks: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader(
    {
      onFrame: (kind, slot, { type, body }, consumed) =>
        frames.push({ kind, slot, type, body: Uint8Array.from(body), consumed }),
    },
    'rank 1',
    1 << 20,
  );
  for (const chunk of chunks) {
    const own = Buffer.from(chunk);
    reader.push(own);
    own.fill(0xee);
  }
  return frames;
}

/** The stream cut before each of these positions. */
function cutAt(stream: Buffer, positions: readonly number[]): Buffer[] {
  const ends = [...positions, stream.length].sort((a, b) => a - b);
  return ends.map((end, index) => stream.subarray(ends[index - 1] ?? 0, end));
}

describe('a reader of frames', () => {
  const small: Frame = {
    kind: frameKinds.data,
    slot: { context: 3, sequence: 0xfffffffe, signature: 77 },
    type: 17,
    body: Uint8Array.of(1, 2, 3, 4, 5),
    consumed: 12345,
  };
  const empty: Frame = { ...small, kind: frameKinds.credit, body: new Uint8Array(0) };

  it('reads the same frames wherever the stream is cut, inside headers and trailers too', () => {
    let cutHeaders = 0;
    fc.assert(
      fc.property(
        fc.array(anyFrame, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat({ max: 1_000_000 }), { maxLength: 30 }),
        (frames, draws) => {
          const stream = written(frames);
          const positions = draws.map((draw) => draw % (stream.length + 1));
          const headers = frames.map((_, index) => written(frames.slice(0, index)).length);
          if (headers.some((start) => positions.some((at) => at > start && at < start + HEADER_BYTES))) cutHeaders++;
          expect(readInChunks(cutAt(stream, positions))).toEqual(frames);
        },
      ),
      { numRuns: 1000, seed: 7 },
    );
    // A property over cuts that never fall where they hurt shows nothing.
    expect(cutHeaders).toBeGreaterThan(500);
  });

  it('reads frames with every single cut, with every pair of cuts in a header, and byte by byte', () => {
    const frames = [small, empty, small];
    const stream = written(frames);
    for (let at = 0; at <= stream.length; at++) expect(readInChunks(cutAt(stream, [at]))).toEqual(frames);
    const second = HEADER_BYTES + small.body.length + TRAILER_BYTES;
    for (let from = second; from <= second + HEADER_BYTES; from++) {
      for (let to = from; to <= second + HEADER_BYTES; to++) {
        expect(readInChunks(cutAt(stream, [from, to]))).toEqual(frames);
      }
    }
    expect(readInChunks(cutAt(stream, [...stream.keys()]))).toEqual(frames);
  });

  it('delivers nothing of a frame that isn’t all there', () => {
    const stream = written([small]);
    for (let end = 0; end < stream.length; end++) expect(readInChunks([stream.subarray(0, end)])).toEqual([]);
  });

  it('refuses damage wherever header, body and trailer are cut', () => {
    const stream = written([small]);
    fc.assert(
      fc.property(
        fc.nat(stream.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.array(fc.nat(stream.length), { maxLength: 6 }),
        (position, flip, positions) => {
          const damaged = Buffer.from(stream);
          damaged[position]! ^= flip;
          expect(() => readInChunks(cutAt(damaged, positions))).toThrow(CorruptFrameError);
        },
      ),
      { numRuns: 500, seed: 13 },
    );
  });
});

describe('frames', () => {
  it('reach the other rank through a connection that cuts them anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        fc.nat(300),
        async (cuts, length) => {
          let at = 0;
          await withTap(
            (chunk, forward) => {
              for (let from = 0; from < chunk.length;) {
                const size = cuts[at++ % cuts.length]!;
                forward(chunk.subarray(from, from + size));
                from += size;
              }
            },
            async (a, b) => {
              const value = bytesFor(2, length);
              const [, got] = await Promise.all([a.send(value, 1), b.recv(0)]);
              expect(got).toEqual(value);
              const both = await Promise.all([a.allgather('a'), b.allgather('b')]);
              expect(both).toEqual([
                ['a', 'b'],
                ['a', 'b'],
              ]);
            },
          );
        },
      ),
      { numRuns: 20, seed: 7 },
    );
  });

  it('never deliver a damaged byte: the receiver loses the peer and says why', async () => {
    const length = (await recordBytes()).length;
    await fc.assert(
      fc.asyncProperty(fc.nat(length - 1), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
        let passed = 0;
        await withTap(
          (chunk, forward) => {
            const copy = Buffer.from(chunk);
            const index = position - passed;
            if (index >= 0 && index < copy.length) copy[index]! ^= flip;
            passed += chunk.length;
            forward(copy);
          },
          async (a, b) => {
            const value = bytesFor(1, 100);
            const program = async (c: Communicator): Promise<unknown[]> => {
              await c.barrier();
              if (c.rank === 1) return [await c.recv(0), await c.recv(0)];
              await c.send(value, 1);
              await c.send({ text: 'frames' }, 1);
              // The report of the damage comes back while rank 0 waits for something.
              return [await c.recv(1)];
            };
            const [, receiver] = await Promise.allSettled([program(a), program(b)]);
            expect(receiver).toMatchObject({ status: 'rejected', reason: expect.any(PeerLostError) as unknown });
            expect((receiver as PromiseRejectedResult).reason).toMatchObject({
              rank: 0,
              reason: expect.stringMatching(/checksum|not a frame|message of \d+ bytes/) as unknown,
            });
          },
        );
      }),
      { numRuns: 150, seed: 11 },
    );
  });
});

describe('sending to a rank that doesn’t read', () => {
  it('is buffered up to the bound, waits beyond it, and goes on when the rank reads', async () => {
    await using world = await directWorld(2, { memoryMiB: 8, deadlineMs: 60_000 });
    const [a, b] = world.ranks as [Communicator, Communicator];
    const message = new Uint8Array(256 * 1024);
    const count = 40;
    let accepted = 0;
    const sending = (async () => {
      for (let i = 0; i < count; i++) {
        await a.send(message.fill(i), 1);
        accepted++;
      }
    })();
    // Collectives still get through while messages wait.
    await Promise.all([a.barrier(), b.barrier()]);
    await Promise.all([a.allgather(1), b.allgather(2)]);
    // A quarter of 8 MiB, plus the one that may always be on its way.
    expect(accepted * message.length).toBeLessThanOrEqual(2 * 1024 * 1024 + 2 * message.length);
    for (let i = 0; i < count; i++) {
      const got = await b.recv<Uint8Array>(0);
      expect(got.every((byte) => byte === i)).toBe(true);
    }
    await sending;
    expect(accepted).toBe(count);
  });

  it('refuses a message larger than the memory allows, and leaves the communicator usable', async () => {
    await using world = await directWorld(2, { memoryMiB: 1 });
    const [a, b] = world.ranks as [Communicator, Communicator];
    await expect(a.send(new Uint8Array(2 * 1024 * 1024), 1)).rejects.toThrow('raise memoryMiB');
    const [, got] = await Promise.all([a.send('small', 1), b.recv(0)]);
    expect(got).toBe('small');
  });
});
