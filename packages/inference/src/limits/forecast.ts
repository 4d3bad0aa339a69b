import { ATTEMPT_TIME } from '@cosmicai/payload';

/** Attempts of a rank that leaves off to go on: the first, and as many more as the state machine's Retry gives it. */
export const MOST_ATTEMPTS = 4;

/** Part of an attempt that a rank should be planned to take. */
const COMFORTABLE = 0.8;

/** Where a rank stands. Times in milliseconds. */
export interface Standing {
  /** Galaxies without a prediction. */
  readonly left: number;
  /** Galaxies a millisecond in this attempt. */
  readonly rate: number;
  /** Until this attempt is ended, and what a whole attempt has. */
  readonly timeLeft: number;
  readonly attemptTime: number;
  /** Attempts that may follow this one. */
  readonly attemptsAfter: number;
}

export interface Forecast {
  /** Attempts that what is left needs, this one among them; Infinity where nothing is predicted. */
  readonly attempts: number;
  /** What is left, as a part of the time in which it must be done: above 1 it doesn't fit. */
  readonly load: number;
}

/** Whether what is left of a rank can be done in the time that is left to it. */
export function forecast({ left, rate, timeLeft, attemptTime, attemptsAfter }: Standing): Forecast {
  const needed = left / rate;
  const now = Math.max(0, timeLeft - attemptTime * ATTEMPT_TIME.keptForWriting);
  const later = attemptTime * (1 - ATTEMPT_TIME.startingAgain);
  if (left === 0) return { attempts: 1, load: 0 };
  return {
    attempts: needed <= now ? 1 : 1 + Math.ceil((needed - now) / later),
    load: needed / (now + later * attemptsAfter),
  };
}

/** A rank's share of a run. */
export interface Share {
  readonly worldSize: number;
  readonly files: number;
}

/**
 * What would let a rank end in one attempt: more ranks, where its files can be shared among them, or smaller files.
 *
 * @param needed milliseconds that the whole rank takes
 */
export function whatWouldDo({ worldSize, files }: Share, needed: number, attemptTime: number): string {
  const filesPerRank = Math.floor((files * COMFORTABLE * attemptTime) / needed);
  return filesPerRank >= 1
    ? `--world-size ${Math.ceil((worldSize * files) / filesPerRank)}`
    : `smaller partitions (${files === 1 ? 'it has one' : 'one of its files alone takes too long'}; cosmicai split writes such)`;
}

/** A duration for people: to the second below two minutes, to the minute above. */
export function inWords(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
