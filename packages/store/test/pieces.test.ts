import fc from 'fast-check';
import { bufferSource, inPieces, pieceSizes, piecesOf, type ByteSource } from '../src/index.ts';

const MIB = 2 ** 20;

/** Bytes that tell where they lie. */
function bytesOf(size: number): Uint8Array {
  return new Uint8Array(Uint32Array.from({ length: Math.ceil(size / 4) }, (_, at) => at).buffer, 0, size);
}

interface Counted extends ByteSource {
  readonly reads: (readonly [from: number, to: number])[];
}

function counted(source: ByteSource): Counted {
  const reads: (readonly [number, number])[] = [];
  return {
    ...source,
    reads,
    read: (from, to, options) => {
      reads.push([from, to]);
      return source.read(from, to, options);
    },
  };
}

const FILE = bytesOf(33 * MIB + 12_345);
const file = () => counted(bufferSource('a file', FILE));

describe('a file in pieces', () => {
  it.each([0, 1, 1000, MIB, 2 * MIB, 2 * MIB + 1, 12 * MIB, 33 * MIB + 12_345])(
    'of %d bytes is read once, without gaps, whatever the steps',
    async (size) => {
      for (const step of [MIB / 3, 20_480, 11 * MIB]) {
        const source = counted(bufferSource('a file', FILE.subarray(0, size)));
        const pieces = inPieces(source);
        for (let from = 0; from < size; from += Math.ceil(step)) {
          const to = Math.min(size, from + Math.ceil(step));
          expect(Buffer.compare(await pieces.read(from, to), FILE.subarray(from, to))).toBe(0);
        }
        const ranges = [...source.reads].sort((a, b) => a[0] - b[0]);
        expect(ranges.map(([from]) => from)).toEqual([0, ...ranges.map(([, to]) => to)].slice(0, ranges.length));
        expect(ranges.at(-1)?.[1] ?? 0).toBe(size);
        expect(ranges).toHaveLength(size === 0 ? 0 : piecesOf(size));
      }
    },
  );

  it('of 100 MB takes 12 requests, of 1 GB 97', () => {
    expect([1e8, 1e9].map(piecesOf)).toEqual([12, 97]);
  });

  it('tells how long the pieces of a file are, which are the file together', () => {
    expect(pieceSizes(1000)).toEqual({ first: 1000, between: { count: 0, bytes: 0 }, last: 0 });
    for (const size of [4e6, 26_236_579, 1e8, 1e9]) {
      const { first, between, last } = pieceSizes(size);
      expect(first + between.count * between.bytes + last).toBeCloseTo(size, 6);
      expect(between.count + 2).toBe(piecesOf(size));
      expect([first, between.bytes <= 10 * 2 ** 20]).toEqual([2 ** 20, true]);
    }
  });

  it('gives any range, in any order and at once', async () => {
    const range = fc
      .tuple(fc.nat(FILE.length), fc.oneof(fc.nat(1000), fc.nat(12 * MIB)))
      .map(([from, length]) => [from, Math.min(FILE.length, from + length)] as const);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(range, { maxLength: 3 }), { maxLength: 5 }), async (rounds) => {
        const pieces = inPieces(file());
        for (const round of rounds) {
          const read = await Promise.all(round.map(([from, to]) => pieces.read(from, to)));
          for (const [at, [from, to]] of round.entries())
            expect(Buffer.compare(read[at]!, FILE.subarray(from, to))).toBe(0);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('begins with what is asked for and the two pieces after it', async () => {
    const source = file();
    await inPieces(source).read(0, 10);
    const [first, second, third] = source.reads;
    expect(source.reads).toHaveLength(3);
    expect(first).toEqual([0, MIB]);
    expect([second![0], third![0]]).toEqual([MIB, second![1]]);
  });

  it('reads nothing ahead of its end, where directories lie', async () => {
    const source = file();
    await inPieces(source).read(source.size - 22, source.size);
    expect(source.reads).toEqual([[source.size - MIB, source.size]]);
  });

  it('lies in memory for five pieces', async () => {
    const source = file();
    const big: ByteSource = { ...source, size: 500 * MIB, read: async () => new Uint8Array(11 * MIB) };
    const reads = counted(big);
    const pieces = inPieces(reads);
    for (let from = 0; from < 100 * MIB; from += 10 * MIB) await pieces.read(from, from + 10);
    const before = reads.reads.length;
    await pieces.read(90 * MIB, 90 * MIB + 10);
    expect(reads.reads).toHaveLength(before);
    await pieces.read(0, 10);
    expect(reads.reads.length).toBeGreaterThan(before);
  });

  it('tries a read that failed anew, and tells only who asked', async () => {
    const source = file();
    let failures = 0;
    const failing: ByteSource = {
      ...source,
      async read(from, to) {
        if (from > 0 && from < 20 * MIB && failures++ < 2) throw new Error('connection reset');
        return source.read(from, to);
      },
    };
    const pieces = inPieces(failing);
    // Both pieces that are read ahead fail.
    await pieces.read(0, 10);
    await new Promise(setImmediate);
    expect(failures).toBe(2);
    expect(Buffer.compare(await pieces.read(2 * MIB, 3 * MIB), FILE.subarray(2 * MIB, 3 * MIB))).toBe(0);
  });

  it('tells who asked of a failure', async () => {
    const failing: ByteSource = { ...file(), read: () => Promise.reject(new Error('connection reset')) };
    await expect(inPieces(failing).read(0, 10)).rejects.toThrow('connection reset');
  });

  it('stops waiting for one reader and goes on for the other', async () => {
    const source = file();
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const slow: ByteSource = { ...source, read: (from, to) => gate.then(() => source.read(from, to)) };
    const pieces = inPieces(slow);
    const stop = new AbortController();
    const [one, other] = [pieces.read(0, 10, { signal: stop.signal }), pieces.read(0, 10)];
    stop.abort(new Error('enough'));
    await expect(one).rejects.toThrow('enough');
    go();
    expect(Buffer.compare(await other, FILE.subarray(0, 10))).toBe(0);
    await expect(pieces.read(0, 10, { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('ends what is under way by its own signal', async () => {
    const stop = new AbortController();
    const source = file();
    const signals: (AbortSignal | undefined)[] = [];
    const watched: ByteSource = {
      ...source,
      read: (from, to, options) => {
        signals.push(options?.signal);
        return source.read(from, to, options);
      },
    };
    await inPieces(watched, { signal: stop.signal }).read(0, 10);
    stop.abort();
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, true, true]);
  });
});
