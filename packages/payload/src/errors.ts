/** Who must act for the error to go away; decides the exit code of the CLI and whether a retry can help. */
export type Actor = 'user' | 'environment' | 'remote' | 'bug';

/** Base of every error this project throws on purpose. The message is a sentence to the person who can fix it. */
export abstract class CosmicError extends Error {
  abstract readonly actor: Actor;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    // The class name travels as Lambda's `errorType` and is what Retry and Catch of the state machine match on.
    this.name = new.target.name;
  }
}

/** The input is wrong: payload, file, option. Retrying the same input can't help. CLI exit code 2. */
export class UserInputError extends CosmicError {
  override readonly actor = 'user';
}

/**
 * A file that can't be used as what it was given for: damaged, or of another kind. Names it and, where one place is to blame,
 * the byte offset in it, so that the same file needn't be searched by hand.
 */
export class UnusableFileError extends UserInputError {
  readonly file: string;
  /** Byte offset in the file; undefined when no single place is to blame. */
  readonly offset: number | undefined;

  constructor(file: string, offset: number | undefined, problem: string, options?: ErrorOptions) {
    super(`${file}${offset === undefined ? '' : `, byte ${offset}`}: ${problem}`, options);
    this.file = file;
    this.offset = offset;
  }
}

/** A file of a run's plan isn't the one that was planned any more. */
export class PlanChangedError extends UserInputError {
  /** Its key. */
  readonly file: string;
  /** To be put after it. */
  readonly problem: string;

  constructor(file: string, how: string, options?: ErrorOptions) {
    const problem = `is not what was planned: ${how}`;
    super(`${file} ${problem}. Put it back as it was, or start a new run.`, options);
    this.file = file;
    this.problem = problem;
  }
}

/** The machine or account lacks something: disk, permission, binary, configuration. */
export class EnvironmentError extends CosmicError {
  override readonly actor = 'environment';
}

/** Something across the network failed or answered nonsense; a retry may help. */
export class RemoteError extends CosmicError {
  override readonly actor = 'remote';
}

/** A file is of a format that only a later version of this system knows. */
export class NewerFormatError extends UserInputError {
  readonly what: string;
  readonly format: number;

  /** @param known the newest format that this version reads */
  constructor(what: string, format: number, known: number) {
    super(
      `${what} was written by a newer CosmicAI: format ${format}; this one reads up to ${known}. Update CosmicAI, or read it with the version that wrote it.`,
    );
    this.what = what;
    this.format = format;
  }
}

/** One thing that is wrong with an input, with where, what was found and what is allowed. */
export interface Problem {
  /** Dotted field path, e.g. `data_map.3`; `(root)` for the value as a whole. */
  readonly path: string;
  /** The value found, abbreviated for people. */
  readonly found: string;
  /** What would have been accepted. */
  readonly allowed: string;
}

/** A list that is longer than this tells nobody more. */
const MOST_LISTED = 20;

/** Lines for people: the first 20, and how many more there are. */
export function listed(lines: readonly string[], indent = ''): string {
  const more = lines.length - MOST_LISTED;
  return [...lines.slice(0, MOST_LISTED), ...(more > 0 ? [`… and ${more} more`] : [])]
    .map((line) => `${indent}${line}`)
    .join('\n');
}

/** A value did not fit its schema. Lists every problem at once, not only the first; of very many the first 20. */
export class InvalidInputError extends UserInputError {
  readonly what: string;
  readonly problems: readonly Problem[];

  constructor(what: string, problems: readonly Problem[]) {
    const lines = problems.map((problem) => `${problem.path}: found ${problem.found}; allowed: ${problem.allowed}`);
    super(`${what} has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${listed(lines, '  ')}`);
    this.what = what;
    this.problems = problems;
  }
}
