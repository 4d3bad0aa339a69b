import { NUMBER_ARRAYS } from '@cosmicai/payload';
import type { ArraysByType, ColumnValues, ValueType } from './source.ts';

export type NumberType = Exclude<ValueType, 'text'>;

const NEW: { readonly [Type in NumberType]: new (length: number) => ArraysByType[Type] } = NUMBER_ARRAYS;

/** An array for so many numbers of a type, all 0. */
export function newNumbers<Type extends NumberType>(type: Type, length: number): ArraysByType[Type] {
  return new NEW[type](length);
}

/** Of a range without samples. */
export function noValues(type: ValueType): ColumnValues {
  return type === 'text' ? [] : newNumbers(type, 0);
}

type Numbers = ArraysByType[NumberType];

/** Copies numbers to their place, as numbers of the array's type. */
export function put(room: Numbers, numbers: Numbers, at: number): void {
  if (isBig(room)) room.set(isBig(numbers) ? numbers : Array.from(numbers, BigInt), at);
  else room.set(isBig(numbers) ? Array.from(numbers, Number) : numbers, at);
}

function isBig(values: Numbers): values is BigInt64Array | BigUint64Array {
  return values instanceof BigInt64Array || values instanceof BigUint64Array;
}
