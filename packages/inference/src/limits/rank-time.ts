import { ATTEMPT_TIME, type RankProgress, type RankTask } from '@cosmicai/payload';
import { RankTooLongError, RankUnfinishedError } from '../errors.ts';
import { forecast, inWords, whatWouldDo, type Standing } from './forecast.ts';

/** The time that an attempt of a rank has. */
export interface TimeLimit {
  /** Milliseconds until it is ended from outside. */
  readonly left: () => number;
  /** Whether a later attempt has as much again; those of an EXPRESS child share its five minutes. */
  readonly renewed: boolean;
  /** Calls back after so many milliseconds, unless cancelled; default: a timer. */
  readonly after?: (milliseconds: number, act: () => void) => () => void;
}

export interface RankTimeOptions {
  readonly task: Pick<RankTask, 'RANK' | 'WORLD_SIZE' | 'DATA_PATH' | 'DATA_OBJECTS'>;
  readonly limit: TimeLimit | undefined;
  /** Attempts that may follow this one and go on from what it has done. */
  readonly attemptsAfter: () => number;
  /** Monotonic clock in milliseconds. */
  readonly monotonic: () => number;
  readonly warn: (warning: string) => void;
}

/** A rate is worth something after so long, and after this part of the time: what then is far too much isn't begun. */
const FIRST_LOOK_MS = 5000;
const FIRST_LOOK = 0.02;
const FAR_TOO_MUCH = 1.5;
/** Of what is kept for writing, the part that a rank may still predict in where that completes it. */
const LAST_STRETCH = 2 / 3;

/**
 * Watches a rank's pace and the time that it has. What can't be done in the attempts that it has is given up early, with a sentence
 * about what would work; an attempt that ends before its rank does is left off in time to write what it has.
 */
export class RankTime implements Disposable {
  readonly #options: RankTimeOptions;
  readonly #attemptTime: number;
  readonly #stop = new AbortController();
  #cancel: () => void = () => undefined;
  #began: number | undefined;
  #progress: RankProgress | undefined;
  #filesOpened = 0;
  #kept = 0;
  #judged = false;

  constructor(options: RankTimeOptions) {
    this.#options = options;
    this.#attemptTime = options.limit?.left() ?? Infinity;
    if (options.limit !== undefined) this.#watch(options.limit);
  }

  /** Fires with RankTooLongError or RankUnfinishedError. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  /** Milliseconds that the whole rank takes at its pace; undefined as long as nothing is predicted. */
  expected(): number | undefined {
    const standing = this.#standing();
    return standing === undefined ? undefined : this.#whole() / standing.rate;
  }

  /** Galaxies that have their predictions from an earlier attempt: they say nothing about the pace. */
  keep(galaxies: number): void {
    this.#kept += galaxies;
  }

  /** Is told of all that the rank does. */
  observe(progress: RankProgress): void {
    if (progress.opened_bytes !== this.#progress?.opened_bytes) this.#filesOpened++;
    this.#progress = progress;
    const now = this.#options.monotonic();
    if (this.#began === undefined || progress.galaxies <= this.#kept) this.#began = now;
    const { limit } = this.#options;
    const standing = this.#standing();
    if (limit === undefined || standing === undefined || this.signal.aborted) return;
    if (standing.timeLeft <= this.#attemptTime * ATTEMPT_TIME.keptForWriting) this.#leaveOff(limit);
    else if (!this.#judged && now - this.#began >= Math.min(FIRST_LOOK_MS, FIRST_LOOK * this.#attemptTime))
      this.#judge(standing);
  }

  #judge(standing: Standing): void {
    const found = forecast(standing);
    this.#judged = standing.timeLeft <= (1 - ATTEMPT_TIME.judgedAt) * this.#attemptTime;
    if (found.load > (this.#judged ? 1 : FAR_TOO_MUCH)) {
      this.#stop.abort(this.#tooLong());
    } else if (this.#judged && found.attempts > 1) {
      this.#options.warn(this.manyAttempts(found.attempts));
    }
  }

  #watch(limit: TimeLimit): void {
    const until = limit.left() - this.#attemptTime * ATTEMPT_TIME.keptForWriting;
    // A store that doesn't answer tells of no progress.
    const { after = timer } = limit;
    this.#cancel = after(Math.max(0, until), () => this.#leaveOff(limit));
  }

  #leaveOff(limit: TimeLimit): void {
    this.#cancel();
    if (this.signal.aborted) return;
    const standing = this.#standing();
    const stretch = this.#attemptTime * ATTEMPT_TIME.keptForWriting * (1 - LAST_STRETCH);
    const left = limit.left();
    if (standing !== undefined && left > stretch && standing.left / standing.rate <= left - stretch) {
      const { after = timer } = limit;
      this.#cancel = after(left - stretch, () => this.#leaveOff(limit));
      return;
    }
    const { task } = this.#options;
    const fits =
      standing !== undefined && standing.attemptsAfter > 0 && forecast({ ...standing, timeLeft: 0 }).load <= 1;
    this.#stop.abort(
      fits
        ? new RankUnfinishedError(
            `rank ${task.RANK} has predicted ${this.#progress?.galaxies} galaxies and left off before its time ended; its next attempt goes on from there.`,
          )
        : this.#tooLong(),
    );
  }

  #standing(): Standing | undefined {
    const { limit, monotonic } = this.#options;
    if (this.#began === undefined || this.#progress === undefined) return undefined;
    const predicted = this.#progress.galaxies - this.#kept;
    const took = monotonic() - this.#began;
    if (predicted <= 0 || took <= 0) return undefined;
    return {
      left: Math.max(0, this.#whole() - this.#progress.galaxies),
      rate: predicted / took,
      timeLeft: limit?.left() ?? Infinity,
      attemptTime: this.#attemptTime,
      attemptsAfter: this.#attemptsAfter(),
    };
  }

  /** Galaxies of the rank: those of files that aren't open yet by the size of the files, where it is planned, or by their number. */
  #whole(): number {
    const { opened_galaxies: opened = 0, opened_bytes: openedBytes = 0 } = this.#progress ?? {};
    const { DATA_OBJECTS: planned, DATA_PATH: files } = this.#options.task;
    if (this.#filesOpened >= files.length) return opened;
    const bytes = planned?.reduce((sum, { size }) => sum + size, 0);
    return opened * (bytes === undefined ? files.length / Math.max(1, this.#filesOpened) : bytes / openedBytes);
  }

  #attemptsAfter(): number {
    const { limit, attemptsAfter } = this.#options;
    return limit?.renewed === true ? attemptsAfter() : 0;
  }

  #share() {
    const { WORLD_SIZE: worldSize, DATA_PATH } = this.#options.task;
    return { worldSize, files: DATA_PATH.length };
  }

  #tooLong(): RankTooLongError {
    const { task } = this.#options;
    const needed = this.expected();
    if (needed === undefined)
      return new RankTooLongError(
        `rank ${task.RANK} predicted nothing in ${inWords(this.#attemptTime)}: look at its log, and at the store.`,
      );
    const attempts = 1 + this.#attemptsAfter();
    const has = attempts === 1 ? inWords(this.#attemptTime) : `${attempts} attempts of ${inWords(this.#attemptTime)}`;
    return new RankTooLongError(
      `rank ${task.RANK} needs about ${inWords(needed)} and has ${has}: ${whatWouldDo(this.#share(), needed, this.#attemptTime)} would do.`,
    );
  }

  /** What there is to say of a rank that needs so many attempts. */
  manyAttempts(attempts: number): string {
    const needed = this.expected();
    const [why, what] =
      needed === undefined
        ? ['', 'more ranks']
        : [`, as it takes about ${inWords(needed)}`, whatWouldDo(this.#share(), needed, this.#attemptTime)];
    return `It needs ${attempts} attempts of ${inWords(this.#attemptTime)}${why}: ${what} would do with one.`;
  }
}

function timer(milliseconds: number, act: () => void): () => void {
  const waiting = setTimeout(act, milliseconds);
  waiting.unref();
  return () => clearTimeout(waiting);
}
