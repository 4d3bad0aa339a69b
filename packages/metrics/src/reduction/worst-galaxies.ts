import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Galaxies kept. */
export const WORST_KEPT = 12;

/** A galaxy whose prediction is far off, and where its image lies. */
export interface WorstGalaxy {
  readonly rank: number;
  /** Its place among the galaxies of its rank, which decides between equals. */
  readonly place: number;
  readonly partition: string;
  /** Index in the partition. */
  readonly index: number;
  readonly z_spec: number;
  readonly z_pred: number;
}

/** The predictions that are farthest off, by |dz|, the worst first; the same in any order and grouping. */
export class WorstGalaxies {
  readonly #most: number;
  #worst: readonly WorstGalaxy[] = [];
  /** |dz| that another one needs at least. */
  #least = 0;

  constructor(most: number = WORST_KEPT) {
    this.#most = most;
  }

  get list(): readonly WorstGalaxy[] {
    return this.#worst;
  }

  /** Whether a galaxy with these redshifts may be one of them: asked before one is made. */
  takes(zSpec: number, zPred: number): boolean {
    const residual = residualOf({ z_spec: zSpec, z_pred: zPred });
    return residual >= this.#least && residual < Infinity;
  }

  add(galaxy: WorstGalaxy): void {
    if (!this.takes(galaxy.z_spec, galaxy.z_pred)) return;
    this.#worst = [...this.#worst, galaxy].sort(byResidual).slice(0, this.#most);
    const last = this.#worst[this.#most - 1];
    if (last !== undefined) this.#least = residualOf(last);
  }

  merge(other: { readonly list: readonly WorstGalaxy[] }): void {
    for (const galaxy of other.list) this.add(galaxy);
  }
}

function residualOf({ z_spec, z_pred }: Pick<WorstGalaxy, 'z_spec' | 'z_pred'>): number {
  return Math.abs((z_pred - z_spec) / (1 + z_spec));
}

function byResidual(a: WorstGalaxy, b: WorstGalaxy): number {
  return residualOf(b) - residualOf(a) || a.rank - b.rank || a.place - b.place;
}

export function writeWorst(writer: ByteWriter, galaxies: readonly WorstGalaxy[]): void {
  writer.whole(galaxies.length);
  for (const { rank, place, partition, index, z_spec, z_pred } of galaxies) {
    for (const value of [rank, place, index]) writer.whole(value);
    writer.double(z_spec);
    writer.double(z_pred);
    writer.text(partition);
  }
}

/** @throws UnusableFileError */
export function readWorst(reader: ByteReader): WorstGalaxy[] {
  return Array.from({ length: reader.length(20) }, () => {
    const [rank, place, index] = [reader.whole(), reader.whole(), reader.whole()];
    const [z_spec, z_pred] = [reader.double(), reader.double()];
    return { rank, place, index, z_spec, z_pred, partition: reader.text() };
  });
}
