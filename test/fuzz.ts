import { CosmicError } from '../packages/payload/src/index.ts';
import fc from 'fast-check';

/** What inputs of a boundary are made of. */
export interface Campaign<T> {
  /** Tries with COSMICAI_FUZZ=full. */
  readonly tries: number;
  /** Tries without it; default: a twentieth of them. */
  readonly quick?: number;
  /** Inputs that must be accepted: two fifths of the tries. */
  readonly valid: fc.Arbitrary<T>;
  /** Valid inputs with one field changed: half of the tries. */
  readonly changed: fc.Arbitrary<T>;
  /** Anything else: the rest. */
  readonly other: fc.Arbitrary<T>;
  /** Takes an input. Its errors must be those that are thrown on purpose. */
  readonly take: (input: T) => void;
}

/** What became of the tries. */
export interface Tally {
  readonly tries: number;
  readonly changed: number;
  readonly accepted: number;
  readonly refused: number;
}

/** Tries inputs on a boundary: every one is accepted, or refused by an error of ours. */
export function fuzz<T>({ tries, quick = Math.ceil(tries / 20), valid, changed, other, take }: Campaign<T>): Tally {
  const all = process.env.COSMICAI_FUZZ === 'full' ? tries : quick;
  let accepted = 0;
  let refused = 0;
  const tryAll = (inputs: fc.Arbitrary<T>, numRuns: number, mayRefuse: boolean) => {
    const attempt = (input: T) => {
      try {
        take(input);
        accepted++;
      } catch (error) {
        if (!mayRefuse || !(error instanceof CosmicError)) throw error;
        refused++;
      }
    };
    fc.assert(fc.property(inputs, attempt), { numRuns });
    return numRuns;
  };
  const changes = tryAll(changed, Math.ceil(all / 2), true);
  const sound = tryAll(valid, Math.ceil(all * 0.4), false);
  const others = tryAll(other, Math.max(1, all - changes - sound), true);
  const tally = { tries: changes + sound + others, changed: changes, accepted, refused };
  if (process.env.COSMICAI_FUZZ === 'full') process.stdout.write(`${JSON.stringify(tally)}\n`);
  return tally;
}

const flatValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, 20_001, [], {}, [null], { a: {} }),
  fc.constantFrom('', ' ', '1', '1e3', 'abc', '/', '..', 'a/../b', 'a\nb', '\u0000', '\ud800', 'x'.repeat(2000)),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'file:///a%2Fb', 's3://', 'é'.repeat(600)),
  fc.constantFrom('${x}', '$', '$.a', '$$', 'States.Format(', '[', '{}', '2026-03-04T05:06:07Z'),
  fc.integer(),
  fc.double(),
  fc.string({ unit: 'binary' }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Odd values of every kind that JSON can hold, some of them nested far deeper than a stack. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 14, arbitrary: flatValue },
  { weight: 1, arbitrary: fc.constantFrom(300, 20_000).map((levels) => nested(levels)) },
);

const DEEP = 'a value nested 20,000 levels deep';

/** The same for documents that travel as text, see `jsonText`. */
export const oddInText: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 14, arbitrary: flatValue },
  { weight: 1, arbitrary: fc.constant(DEEP) },
);

/** JSON text, also of what JSON.stringify has no stack for. */
export function jsonText(value: unknown): string {
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  return JSON.stringify(value).replaceAll(JSON.stringify(DEEP), deep);
}

function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

/** A place in a JSON document: the container, and the key in it. */
interface Place {
  readonly within: Record<string, unknown>;
  readonly key: string;
}

function placesIn(document: unknown): Place[] {
  if (typeof document !== 'object' || document === null) return [];
  return Object.entries(document).flatMap(([key, value]) => [
    { within: document as Record<string, unknown>, key },
    ...placesIn(value),
  ]);
}

/** A copy of a valid document with one field changed: another value, left out, or under another name. */
export function oneFieldChanged<T extends object>(valid: fc.Arbitrary<T>, value = oddValue): fc.Arbitrary<T> {
  const change = fc.oneof(
    { weight: 3, arbitrary: value.map((odd) => (place: Place) => void (place.within[place.key] = odd)) },
    { weight: 1, arbitrary: fc.constant((place: Place) => void Reflect.deleteProperty(place.within, place.key)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('-', ' ', 'x', '__proto__').map((by) => ({ within, key }: Place) => {
        if (Array.isArray(within)) return;
        const held = within[key];
        Reflect.deleteProperty(within, key);
        const name = by === '__proto__' ? by : `${key}${by}`;
        Object.defineProperty(within, name, { value: held, enumerable: true, writable: true, configurable: true });
      }),
    },
  );
  return fc.tuple(valid, fc.nat(), change).map(([document, at, apply]) => {
    const copy = structuredClone(document);
    const places = placesIn(copy);
    const place = places[at % places.length];
    if (place !== undefined) apply(place);
    return copy;
  });
}
