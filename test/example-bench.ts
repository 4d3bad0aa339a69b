import type { BenchReport, BenchRun } from '../packages/bench/src/index.ts';
import { seededRandom } from '../packages/metrics/src/index.ts';

/** The users' sweep of 20 cells, three repeats each, one cell out of memory. */
export function exampleBench(): BenchReport {
  const random = seededRandom(20);
  const runs = [1, 2, 3].flatMap((repeat) =>
    [1, 2, 3, 4].flatMap((world_size) =>
      [8, 16, 32, 64, 128].map((batch_size): BenchRun => {
        const fails = world_size === 1 && batch_size === 128 && repeat === 2;
        const duration = (2.2 + 9 / world_size / (1 + Math.log2(batch_size) / 9)) * (0.95 + 0.1 * random());
        return {
          world_size,
          batch_size,
          data_size: 'small',
          partition_size: null,
          repeat,
          start: repeat === 1 ? 'cold' : 'warm',
          status: fails ? 'OUT_OF_MEMORY' : 'SUCCEEDED',
          samples: fails ? null : 2500,
          duration_seconds: fails ? null : repeat === 1 ? duration + 1.5 : duration,
          slowest_rank_seconds: fails ? null : duration - 1,
          memory_mb: fails ? null : 220 + batch_size * 0.4,
          cost_usd: fails ? null : 0.00003 * duration * world_size,
          throughput_rps: fails ? null : 2500 / duration,
          throughput_bps: fails ? null : (2500 * 164_160) / duration,
          run_id: `run-${world_size}-${batch_size}-${repeat}`,
          error: fails ? 'rank 0 used 2,048 MB of 2,048 MB' : null,
        };
      }),
    ),
  );
  return {
    title: 'Sweep of 20 configurations',
    generatedAt: '2026-03-21T12:00:00.000Z',
    runs,
    configuration: { world_sizes: '1, 2, 3, 4', batch_sizes: '8, 16, 32, 64, 128', repeat: 3, target: 'local' },
    versions: { cosmicai: '0.1.0' },
    warnings: [],
    seed: 1,
  };
}
