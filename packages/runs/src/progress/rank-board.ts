import { MOST_SILENT_NAMED, type RankFigures, type RankProgress } from '@cosmicai/payload';
import { RateMeter } from './rate-meter.ts';

/** A rank that has said nothing for so long is named. */
export const SILENT_MS = 30_000;

interface Work {
  readonly rank: number;
  readonly pid: number | undefined;
  /** When it told of itself first, its model loaded, and when it was last heard of. */
  readonly told: number | undefined;
  readonly heard: number;
  readonly progress: RankProgress | undefined;
  /** Galaxies of its result, once that is known. */
  readonly result: number | undefined;
  readonly atWork: boolean;
}

/** Ranks by what became of them. */
export type RankCounts = Pick<RankFigures['ranks'], 'total' | 'done' | 'failed'>;

/**
 * What the ranks of a Map have done so far, by what is heard of them. Times are milliseconds of any clock that never steps
 * back; `place` is whatever tells one rank from the other, e.g. the child execution `Infer[3]`.
 */
export class RankBoard {
  readonly #works = new Map<string, Work>();
  readonly #galaxies = new RateMeter();
  readonly #ranks = new RateMeter();
  readonly #named = new Set<string>();
  #counts: RankCounts = { total: 0, done: 0, failed: 0 };
  #atWork: number | undefined;
  #bytes: number | undefined;

  /** Bytes of all partition files of the run. */
  plan(bytes: number): void {
    this.#bytes = bytes;
  }

  /** @param atWork where it is known better than by what was heard */
  count(counts: RankCounts, atWork?: number): void {
    this.#counts = counts;
    this.#atWork = atWork;
  }

  /** A rank begins, for the first time or again. */
  begins(place: string, rank: number, at: number, pid?: number): void {
    this.#named.delete(place);
    this.#works.set(place, {
      rank,
      pid,
      told: undefined,
      heard: at,
      progress: undefined,
      result: undefined,
      atWork: true,
    });
  }

  /** A heartbeat. */
  beats(place: string, progress: RankProgress, at: number): void {
    if (!this.#works.has(place)) this.begins(place, progress.rank, at);
    this.#named.delete(place);
    this.#change(place, { progress, told: this.#works.get(place)?.told ?? at, heard: at, atWork: true });
  }

  /** An attempt of a rank is over; what a failed one has done is lost. */
  rests(place: string, failed: boolean): void {
    this.#change(place, { atWork: false, ...(failed && { progress: undefined }) });
  }

  /** @param galaxies of its result; undefined where that isn't known */
  succeeds(place: string, galaxies: number | undefined, at: number): void {
    if (!this.#works.has(place) && galaxies !== undefined) this.begins(place, -1, at);
    this.#change(place, { result: galaxies, atWork: false });
  }

  fails(place: string): void {
    this.#works.delete(place);
  }

  /** For so many milliseconds nobody listened. */
  excuse(milliseconds: number): void {
    for (const [place, { heard }] of this.#works) this.#change(place, { heard: heard + milliseconds });
  }

  /** Ranks that have fallen silent since this was asked last; those that speak again are named again when they fall silent. */
  newlySilent(at: number): RankFigures['silent'] {
    const fresh = this.#silent(at).filter(([place]) => !this.#named.has(place));
    for (const [place] of fresh) this.#named.add(place);
    return fresh.map(([, work]) => silence(work, at));
  }

  figures(at: number): RankFigures {
    const works = [...this.#works.values()];
    const galaxies = galaxiesOf(works);
    const total = this.#total(works, galaxies ?? 0);
    const { total: ranks, done, failed } = this.#counts;
    this.#galaxies.look(at, galaxies ?? 0);
    this.#ranks.look(at, done + failed);
    const silent = this.#silent(at);
    return {
      galaxies,
      galaxies_total: total?.galaxies ?? null,
      total_exact: total?.exact ?? false,
      galaxies_per_second: this.#galaxies.rate(at) ?? null,
      seconds_left: this.#left(works, galaxies, total?.galaxies, at) ?? null,
      ranks: { total: ranks, at_work: this.#atWork ?? works.filter(({ atWork }) => atWork).length, done, failed },
      silent: silent.slice(0, MOST_SILENT_NAMED).map(([, work]) => silence(work, at)),
      silent_ranks: silent.length,
    };
  }

  /** By the galaxies where they are known, else by the ranks; no rank is over before its own rest. */
  #left(works: readonly Work[], galaxies: number | null, total: number | undefined, at: number) {
    if (galaxies === null) return this.#ranks.left(at, this.#counts.total - this.#counts.done - this.#counts.failed);
    if (total === undefined) return undefined;
    const left = this.#galaxies.left(at, total - galaxies);
    return left && { from: left.from, to: Math.max(left.to, ...works.map((work) => ownRest(work, at))) };
  }

  /** Every galaxy takes as many bytes, so files that were not opened yet are counted by their sizes. */
  #total(works: readonly Work[], done: number): { galaxies: number; exact: boolean } | undefined {
    const told = works.flatMap(({ progress }) => progress ?? []);
    const opened = told.reduce((sum, { opened_galaxies: galaxies }) => sum + galaxies, 0);
    const bytes = told.reduce((sum, { opened_bytes: size }) => sum + size, 0);
    if (this.#bytes === undefined || bytes === 0) return undefined;
    if (bytes === this.#bytes) return { galaxies: opened, exact: true };
    return { galaxies: Math.max(done, Math.round((opened * this.#bytes) / bytes)), exact: false };
  }

  /** Longest silent first. */
  #silent(at: number): [string, Work][] {
    return [...this.#works]
      .filter(([, { atWork, heard }]) => atWork && at - heard >= SILENT_MS)
      .sort(([, a], [, b]) => a.heard - b.heard);
  }

  #change(place: string, change: Partial<Work>): void {
    const work = this.#works.get(place);
    if (work !== undefined) this.#works.set(place, { ...work, ...change });
  }
}

function galaxiesOf(works: readonly Work[]): number | null {
  const known = works.flatMap(({ result, progress }) => result ?? progress?.galaxies ?? []);
  return known.length === 0 ? null : known.reduce((sum, galaxies) => sum + galaxies, 0);
}

/** Seconds that a rank needs for what it has opened, at the pace that it has had so far. */
function ownRest({ atWork, progress, told = 0 }: Work, at: number): number {
  if (!atWork || progress === undefined || progress.galaxies === 0) return 0;
  return (((at - told) / 1000) * (progress.opened_galaxies - progress.galaxies)) / progress.galaxies;
}

function silence({ rank, heard, progress, pid }: Work, at: number): RankFigures['silent'][number] {
  return { rank, seconds: (at - heard) / 1000, galaxies: progress?.galaxies ?? 0, pid: pid ?? null };
}
