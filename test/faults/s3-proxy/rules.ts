import { seededRandom } from '../../../packages/metrics/src/index.ts';
import { hashOf, type S3Operation, type S3Request } from './request.ts';

/** What can be wrong with an answer of S3, and the requests that it can happen to. */
export const S3_FAULTS = {
  'error 500': ['get', 'head', 'list', 'put', 'upload', 'delete'],
  'slow down': ['get', 'head', 'list', 'put', 'upload', 'delete'],
  /** The connection breaks before S3 has seen the request. */
  reset: ['get', 'head', 'list', 'put', 'upload', 'delete'],
  /** S3 does what it was asked, and the connection breaks before it says so. */
  'answer lost': ['put', 'upload', 'delete'],
  /** The connection breaks in the middle of the body. */
  'reset in the body': ['get', 'list'],
  /** Half of the body, though Content-Length tells of all, in an orderly close. */
  'cut off': ['get', 'list'],
  /** Half of the body, and Content-Length says the same. */
  shorter: ['get', 'list'],
  /** A length that isn't so: of a body a byte less than comes, in a listing a byte more than there is. */
  'wrong length': ['get', 'head', 'list'],
  'bit flip read': ['get'],
  /** A bit of what is sent, before S3 compares it with the checksum that came along, as moto doesn't. */
  'bit flip sent': ['put', 'upload'],
  /** The version before the newest; of the first version, that there is none. */
  'stale object': ['get', 'head'],
  /** The newest object of a listing isn't in it. */
  'stale listing': ['list'],
  'very slow': ['get', 'head', 'list', 'put', 'upload', 'delete'],
  /** Status 200, and an error in the body. */
  'error in 200': ['list'],
  /** Status 200, and nothing in the body. */
  'empty answer': ['list'],
} as const satisfies Readonly<Record<string, readonly S3Operation[]>>;

export type S3Fault = keyof typeof S3_FAULTS;

/** Which requests something happens to. */
export interface S3Rule {
  readonly fault: S3Fault;
  /** Of those that the fault can happen to; default: all of them. */
  readonly operations?: readonly S3Operation[];
  /** Of the object, or the prefix of a listing; default: any. */
  readonly key?: RegExp;
  /** The first of these requests that it happens to, from 1; default: 1. */
  readonly first?: number;
  /** Most requests that it happens to; default: no end of them. */
  readonly times?: number;
  /** Of each of them, from 0 to 1; default: 1. */
  readonly chance?: number;
  /** Of `very slow`: before the answer, and half of it again before its second half. Default: 2000. */
  readonly delayMs?: number;
}

/** Something that happened to a request. */
export interface Injection {
  readonly fault: S3Fault;
  readonly operation: S3Operation;
  readonly key: string;
}

/** A rule that a request meets. */
export interface MetRule {
  readonly rule: S3Rule;
  /** For what the fault itself draws: the same for the same seed. */
  readonly draw: () => number;
  /** To be called when the fault was really met; a fault may find nothing to do. */
  readonly injected: () => void;
}

/** Which request meets which rule, by a seed. */
export class RuleBook {
  readonly injections: Injection[] = [];
  readonly #seed: number;
  #rules: { readonly rule: S3Rule; seen: number; left: number }[] = [];
  readonly #asked = new Map<string, number>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** These, in place of those that were; the first that a request meets counts. */
  set(rules: readonly S3Rule[]): void {
    this.#rules = rules.map((rule) => ({ rule, seen: 0, left: rule.times ?? Infinity }));
  }

  /** What happens to a request; undefined: nothing. */
  meet({ operation, key }: S3Request): MetRule | undefined {
    // Names of runs differ from run to run, and so would the draws.
    const about = `${operation} ${key.replace(/(^|\/)runs\/[^/]+/, '$1runs/*')}`;
    const nth = (this.#asked.get(about) ?? 0) + 1;
    this.#asked.set(about, nth);
    for (const [place, met] of this.#rules.entries()) {
      const { rule } = met;
      if (!concerns(rule, operation, key) || ++met.seen < (rule.first ?? 1) || met.left === 0) continue;
      const draw = seededRandom(hashOf(this.#seed, place, about, nth));
      if (draw() >= (rule.chance ?? 1)) continue;
      // Requests come at once: what is taken by one isn't there for another.
      met.left--;
      const injected = () => void this.injections.push({ fault: rule.fault, operation, key });
      return { rule, draw, injected };
    }
    return undefined;
  }
}

function concerns({ fault, operations, key: pattern }: S3Rule, operation: S3Operation, key: string): boolean {
  const possible: readonly S3Operation[] = S3_FAULTS[fault];
  return possible.includes(operation) && (operations ?? possible).includes(operation) && (pattern?.test(key) ?? true);
}
