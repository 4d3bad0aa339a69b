import { UnusableFileError } from '@cosmicai/payload';
import type { SampleColumn } from '../source.ts';
import { describeColumns } from './describe.ts';
import { suggestion, type Choosing } from './suggest.ts';

/** What is said of a source whose columns don't do: what is wrong, what is there, and what to type. */
export class Refusals {
  readonly #choosing: Choosing;

  constructor(choosing: Choosing) {
    this.#choosing = choosing;
  }

  /** Of what can't be mended by other columns' names. */
  misfit(why: string, way = ''): UnusableFileError {
    const { source } = this.#choosing;
    const end = why.endsWith('.') ? '' : '.';
    return new UnusableFileError(source.name, undefined, `${why}${end} It has: ${describeColumns(source)}.${way}`);
  }

  refuse(why: string): UnusableFileError {
    return this.misfit(why, ` ${suggestion(this.#choosing)}`);
  }

  ambiguous(what: string, candidates: readonly SampleColumn[]): UnusableFileError {
    return this.refuse(`the ${what} could be ${eitherOf(candidates)}`);
  }
}

/** `either of a and b`, `any of a, b, c` */
export function eitherOf(candidates: readonly SampleColumn[]): string {
  const names = candidates.map(({ name }) => name);
  return names.length === 2 ? `either of ${names.join(' and ')}` : `any of ${names.join(', ')}`;
}
