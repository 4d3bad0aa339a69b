import { pricesOf } from '@cosmicai/metrics';
import fc from 'fast-check';
import {
  ChannelUnavailableError,
  channelKinds,
  Communicator,
  explainPolicy,
  memory,
  MemoryHub,
  operationKinds,
} from '../src/index.ts';
import { store } from '../src/boards.ts';
import { openStore } from '@cosmicai/store';

const question = { bytes: 8, worldSize: 8, memoryMiB: 1024, channels: ['direct', 'redis', 'store'] } as const;

describe('the channel policy', () => {
  it('gives latencies and prices that can be checked by hand', () => {
    // Direct: 3 rounds of 0.34 ms and 1 MB at 400 MB/s. Redis: one round from 1 to 7, log2(8) times 5.2 ms, 7 MB at 400 MB/s shared.
    // S3: log2(8) times (40.4 ms and half a poll of 100 ms), 7 MB at 7 times 50 MB/s; 1 PUT, 7 times 2 GETs.
    const { rows } = explainPolicy({ ...question, operation: 'bcast', bytes: 1e6, hint: 'fast' });
    expect(rows.map(({ channel }) => channel)).toEqual(['direct', 'redis', 'store']);
    expect(rows[0]!.latencyMs).toBeCloseTo(3 * (0.34 + 2.5), 9);
    expect(rows[1]!.latencyMs).toBeCloseTo(3 * 5.2 + 17.5, 9);
    expect(rows[2]!.latencyMs).toBeCloseTo(3 * 90.4 + 20, 9);
    expect(rows[2]!.channelUsd).toBeCloseTo(0.0000054 + 14 * 0.00000043, 12);
    expect(rows[0]!.waitingUsd).toBeCloseTo(8 * 0.00852 * 0.0000166667, 12);
    expect(rows[0]!.waitingUsd).toBeCloseTo(8 * 0.00852 * pricesOf().lambda.gb_second.x86_64, 15);
  });

  it('prefers fast channels for time, and weighs requests against waiting for money', () => {
    const fast = explainPolicy({ ...question, operation: 'allreduce', hint: 'fast' });
    const cheap = explainPolicy({ ...question, operation: 'allreduce', hint: 'cheap' });
    expect(fast.choice).toBe('direct');
    expect(cheap.choice).toBe('redis');
    expect(cheap.reason).toMatch(/^redis is the cheapest: .* USD, before direct with /);
  });

  it('always picks the best row of its own table, for every operation and world', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...operationKinds),
        fc.integer({ min: 1, max: 10_000 }),
        fc.nat(2 ** 30),
        fc.constantFrom('fast' as const, 'cheap' as const),
        fc.subarray([...channelKinds], { minLength: 1 }),
        fc.boolean(),
        (operation, worldSize, bytes, hint, channels, ordered) => {
          const { choice, rows } = explainPolicy({
            operation,
            worldSize,
            bytes,
            hint,
            channels,
            ordered,
            memoryMiB: 512,
          });
          const measure = hint === 'fast' ? 'latencyMs' : 'totalUsd';
          expect(rows.filter(({ chosen }) => chosen).map(({ channel }) => channel)).toEqual([choice]);
          expect(rows.every((row) => Number.isFinite(row[measure]) && row[measure] >= rows[0]![measure])).toBe(true);
          expect(rows[0]!.channel).toBe(choice);
        },
      ),
      { seed: 5 },
    );
  });

  it('decides where operations of a communicator with several channels go', async () => {
    const hub = new MemoryHub();
    const unused = store(openStore('file:///nowhere/at/all'));
    const ranks = [0, 1].map(
      (rank) => new Communicator(rank, 2, { name: 'two ways', channels: [unused, memory(hub)] }),
    );
    const got = await Promise.all(ranks.map((c) => c.allgather(c.rank)));
    expect(got).toEqual([
      [0, 1],
      [0, 1],
    ]);
    await expect(ranks[0]!.barrier({ channel: 'redis' })).rejects.toThrow(ChannelUnavailableError);
    await expect(ranks[0]!.barrier({ channel: 'store' })).rejects.toThrow('There is no folder');
    await Promise.allSettled(ranks.map((c) => c.close()));
  });
});
