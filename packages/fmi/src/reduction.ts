/* eslint-disable @typescript-eslint/no-non-null-assertion -- both arrays have this length, as has been checked; a loop over all elements */
import { MessageError, OperationMismatchError } from './errors.ts';
import { cloneArray, isTypedArray, type TypedArray } from './value.ts';

/** A function of two values and what may be assumed of it. Must return a new value and change neither argument. */
export interface Reduction<T> {
  readonly name: string;
  readonly combine: (left: T, right: T) => T;
  /** (a b) c equals a (b c). */
  readonly associative: boolean;
  /** a b equals b a. */
  readonly commutative: boolean;
}

/** What reducing operations take: a bare function is neither associative nor commutative, so it is applied strictly left to right by rank. */
export type ReductionLike<T> = Reduction<T> | ((left: T, right: T) => T);

export type Summable = number | TypedArray;

/** A reduction of numbers and, element by element, of typed arrays of one type and length. */
export interface ElementwiseReduction {
  readonly name: string;
  readonly combine: <T extends Summable>(left: T, right: T) => T;
  readonly associative: boolean;
  readonly commutative: boolean;
}

/**
 * @example
 * const concat = reduction((a: string, b: string) => a + b, { associative: true, name: 'concat' });
 */
export function reduction<T>(
  combine: (left: T, right: T) => T,
  flags: { name?: string; associative?: boolean; commutative?: boolean } = {},
): Reduction<T> {
  return {
    name: flags.name ?? (combine.name === '' ? 'function' : combine.name),
    combine,
    associative: flags.associative ?? false,
    commutative: flags.commutative ?? false,
  };
}

export function toReduction<T>(f: ReductionLike<T>): Reduction<T> {
  return typeof f === 'function' ? reduction(f) : f;
}

/** May the ranks be combined in any grouping and order? */
export function isUnordered(f: { readonly associative: boolean; readonly commutative: boolean }): boolean {
  return f.associative && f.commutative;
}

/** The sum as if a single process had added the ranks one after the other. */
export const orderedSum: ElementwiseReduction = {
  name: 'orderedSum',
  combine: (left, right) => sum.combine(left, right),
  associative: false,
  commutative: false,
};

/**
 * Elementwise sum. Counts as associative and commutative, so that trees may be used: the rounding of floating-point sums then
 * depends on the world size, though never on timing, and is the same on every rank. `orderedSum` fixes it to the order of ranks.
 */
export const sum: ElementwiseReduction = elementwise('sum', {
  number: (a, b) => a + b,
  bigint: (a, b) => a + b,
});
export const product: ElementwiseReduction = elementwise('product', {
  number: (a, b) => a * b,
  bigint: (a, b) => a * b,
});
/** Elementwise; NaN wins. */
export const minimum: ElementwiseReduction = elementwise('minimum', {
  number: (a, b) => Math.min(a, b),
  bigint: (a, b) => (a < b ? a : b),
});
/** Elementwise; NaN wins. */
export const maximum: ElementwiseReduction = elementwise('maximum', {
  number: (a, b) => Math.max(a, b),
  bigint: (a, b) => (a > b ? a : b),
});

interface ElementOperation {
  readonly number: (a: number, b: number) => number;
  readonly bigint: (a: bigint, b: bigint) => bigint;
}

function elementwise(name: string, operation: ElementOperation): ElementwiseReduction {
  return {
    name,
    combine: (left, right) => combineElements(name, operation, left, right),
    associative: true,
    commutative: true,
  };
}

function combineElements<T extends Summable>(name: string, operation: ElementOperation, left: T, right: T): T {
  if (typeof left === 'number' && typeof right === 'number') return operation.number(left, right) as T;
  if (!isTypedArray(left) || !isTypedArray(right)) {
    throw new MessageError(`${name} reduces numbers and typed arrays, not ${kindOf(left)} with ${kindOf(right)}.`);
  }
  if (left[Symbol.toStringTag] !== right[Symbol.toStringTag] || left.length !== right.length) {
    throw new OperationMismatchError([], `${name} got ${kindOf(left)} from one rank and ${kindOf(right)} from another`);
  }
  if (left instanceof BigInt64Array || left instanceof BigUint64Array) {
    const result = cloneArray(left);
    const other = right as BigInt64Array;
    for (let i = 0; i < result.length; i++) result[i] = operation.bigint(result[i]!, other[i]!);
    return result;
  }
  const result = cloneArray(left);
  const other = right as Float64Array;
  for (let i = 0; i < result.length; i++) result[i] = operation.number(result[i]!, other[i]!);
  return result;
}

function kindOf(value: unknown): string {
  return isTypedArray(value) ? `${value[Symbol.toStringTag]}(${value.length})` : typeof value;
}
