import { encodePredictions } from '../packages/inference/src/index.ts';
import type { MadeRank } from './made-run.ts';

/** What is known of a galaxy; the rest is made of its place. */
export interface Galaxy {
  readonly z: number;
  readonly truth: number | null;
  readonly id?: string | bigint;
  readonly flags?: number;
}

/** Galaxies of one partition, as a rank predicted them. */
export function rankOf(...partitions: readonly (readonly [key: string, galaxies: readonly Galaxy[]])[]): MadeRank {
  const predicted = partitions.map(([partition, galaxies]) => ({
    partition,
    batches: [
      {
        from: 0,
        count: galaxies.length,
        magnitudes: Float64Array.from({ length: galaxies.length * 5 }, (_, at) => 17 + at / 8),
        zSpec: galaxies.every(({ truth }) => truth === null)
          ? null
          : Float64Array.from(galaxies, ({ truth }) => truth ?? NaN),
        zPred: Float32Array.from(galaxies, ({ z }) => z),
        flags: Uint16Array.from(galaxies, ({ flags = 0 }) => flags),
        ...idsOf(galaxies),
      },
    ],
  }));
  return {
    partitions: partitions.map(([key, galaxies]) => ({ key, samples: galaxies.length })),
    predictions: encodePredictions(0, predicted),
  };
}

function idsOf(galaxies: readonly Galaxy[]): { id?: BigInt64Array | string[] } {
  const ids = galaxies.flatMap(({ id }) => (id === undefined ? [] : [id]));
  if (ids.length === 0) return {};
  const whole = ids.filter((id) => typeof id === 'bigint');
  return { id: whole.length === ids.length ? BigInt64Array.from(whole) : ids.map(String) };
}
