import type { RankProgress } from '@cosmicai/payload';

/** Adds up what a rank has done over its partition files, which it reads one after the other, and tells it. */
export class RankTally {
  readonly #tell: ((progress: RankProgress) => void) | undefined;
  #progress: RankProgress;

  constructor(rank: number, tell: ((progress: RankProgress) => void) | undefined) {
    this.#tell = tell;
    this.#progress = { rank, galaxies: 0, opened_galaxies: 0, opened_bytes: 0 };
  }

  /** For the next file: to be called with its galaxies that are predicted and with all that it has. */
  file(bytes: number): (done: number, all: number) => void {
    const { rank, galaxies, opened_galaxies: opened, opened_bytes: openedBytes } = this.#progress;
    return (done, all) => {
      this.#progress = {
        rank,
        galaxies: galaxies + done,
        opened_galaxies: opened + all,
        opened_bytes: openedBytes + bytes,
      };
      this.#tell?.(this.#progress);
    };
  }
}
