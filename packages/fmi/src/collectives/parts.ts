import { MessageError, OperationMismatchError } from '../errors.ts';
import { isTypedArray, type TypedArray } from '../value.ts';

/** Typed arrays of different lengths in one, by rank. */
export interface Gathered<T extends TypedArray> {
  readonly values: T;
  /** Elements of each rank. */
  readonly counts: readonly number[];
}

/** The value of each rank: the list's, or equal parts of a typed array. */
export function sharesOf(values: readonly unknown[] | TypedArray | undefined, worldSize: number): readonly unknown[] {
  if (isTypedArray(values)) {
    const share = values.length / worldSize;
    if (!Number.isInteger(share)) {
      throw new MessageError(
        `${values.length} elements can't be shared evenly by ${worldSize} ranks; pass a list of ${worldSize} arrays.`,
      );
    }
    return Array.from({ length: worldSize }, (_, rank) => values.subarray(rank * share, (rank + 1) * share));
  }
  if (values?.length !== worldSize) {
    throw new MessageError(
      `The root scatters ${values?.length ?? 'no'} values; expected one for each of ${worldSize} ranks.`,
    );
  }
  return values;
}

/** @throws OperationMismatchError when the types differ */
export function concatenate<T extends TypedArray>(parts: readonly T[]): Gathered<T> {
  const first = parts[0];
  const wrong = parts.findIndex(
    (part) => !isTypedArray(part) || part[Symbol.toStringTag] !== first?.[Symbol.toStringTag],
  );
  if (wrong >= 0 || !isTypedArray(first)) {
    throw new OperationMismatchError(
      [0, Math.max(wrong, 0)],
      `gatherv got different types from rank 0 and rank ${Math.max(wrong, 0)}`,
    );
  }
  const counts = parts.map((part) => part.length);
  const type = first.constructor as new (length: number) => T;
  const values = new type(counts.reduce((total, count) => total + count, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part as never, at);
    at += part.length;
  }
  return { values, counts };
}
