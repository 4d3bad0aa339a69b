import { pricesOf } from '@cosmicai/metrics';
import { frontierOfRun } from '../../src/gather/frontier-of-run.ts';
import { rankResult } from '../support.ts';

const prices = pricesOf('us-east-1');
const payload = { bucket: 'galaxies', world_size: 4 };

/** Four ranks, each with a file of 100 MB, at so many galaxies a second. */
const ranks = (rate: number) =>
  [0, 1, 2, 3].map((rank) =>
    rankResult(rank, {
      samples: 5000,
      cpu_seconds: 5000 / rate,
      timing: { model_load: 0.2, inference: 5000 / rate, write: 0.1, total: 0.3 + 5000 / rate, read: 1 },
      partitions: [{ key: `${rank + 1}.pt`, size: 1e8, samples: 5000, etag: 'e', index_range: [0, 5000] }],
    }),
  );

describe('what else could be chosen for a run', () => {
  it('goes by the rate of its ranks', () => {
    const [slow, fast] = [50, 800].map((rate) => frontierOfRun(payload, ranks(rate), undefined, prices));
    expect(slow?.basis).toBe('the ranks of this run, not on Lambda');
    expect(new Set(slow?.points.map(({ architecture }) => architecture))).toEqual(new Set(['x86_64']));
    expect(new Set(slow?.points.map(({ precision }) => precision))).toEqual(new Set(['measured']));
    const fastest = (points: typeof slow) => points!.points[0]!.seconds.median;
    expect(fastest(fast)).toBeLessThan(0.8 * fastest(slow));
    const cheapest = (points: typeof slow) => points!.points.at(-1)!.costUsd.median;
    expect(cheapest(fast)).toBeLessThan(0.6 * cheapest(slow));
  });

  it('is nothing where neither ranks nor payload tell enough', () => {
    expect(frontierOfRun(payload, [], undefined, prices)).toBeUndefined();
    expect(frontierOfRun({ world_size: 'many' }, ranks(200), undefined, prices)).toBeUndefined();
    expect(frontierOfRun(payload, [rankResult(0, { samples: 0 })], undefined, prices)).toBeUndefined();
  });
});
