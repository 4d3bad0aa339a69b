import { createHash } from 'node:crypto';
import { seededRandom, type Random } from '../../packages/metrics/src/index.ts';
import type { Bench } from './bench.ts';

/** What became of one schedule. */
export interface Outcome {
  /** Whether the fault was really met: the command was still at work, something did write while the disk was full. */
  readonly met: boolean;
  /** How it came to an end: in spite of the fault, by the command that was printed, or refused as it should be. */
  readonly ended: 'unharmed' | 'resumed' | 'refused';
  /** What is not as it should be, a sentence each. */
  readonly problems: readonly string[];
  /** Ranks that were whole before the run went on, and how many of those ran again. */
  readonly kept?: number;
  readonly recomputed?: number;
}

/** One draw of a kind, ready to be played. */
export interface Schedule {
  readonly kind: string;
  /** Names it among the schedules of its kind, whatever else is played. */
  readonly index: number;
  /** All that was drawn: JSON, printed when something is wrong. */
  readonly drawn: unknown;
  play(bench: Bench): Promise<Outcome>;
}

/** A kind of fault. */
export interface Kind {
  readonly name: string;
  readonly over: 'local' | 's3';
  readonly what: string;
  /** Why this machine can't show it, if it can't. */
  readonly whyNot: () => string | undefined;
  readonly schedule: (seed: number, index: number) => Schedule;
}

export interface KindOptions<Drawn> {
  readonly name: string;
  readonly over: Kind['over'];
  /** One line for the table. */
  readonly what: string;
  readonly whyNot?: () => string | undefined;
  /** Draws what is done and when, JSON. @param index lets a kind go through its cases in turn */
  readonly draw: (random: Random, index: number) => Drawn;
  readonly play: (drawn: Drawn, bench: Bench) => Promise<Outcome>;
}

/** A kind of fault from how it is drawn and played; each schedule depends on the seed, the kind and its index alone. */
export function kindOf<Drawn>({ draw, play, whyNot = () => undefined, ...about }: KindOptions<Drawn>): Kind {
  return {
    ...about,
    whyNot,
    schedule(seed, index) {
      const drawn = draw(seededRandom(seedOf(`${seed} ${about.name} ${index}`)), index);
      return { kind: about.name, index, drawn, play: (bench) => play(drawn, bench) };
    },
  };
}

function seedOf(text: string): number {
  return createHash('sha256').update(text).digest().readInt32LE();
}

/** One of several. */
export function oneOf<Value>(random: Random, values: readonly Value[]): Value {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to draw from');
  return value;
}

/** A whole number from `from` to `to`, both included. */
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}
