import type { FitsNumberType } from '@cosmicai/fits';
import type { NumberColumnType } from './image-values.ts';

const SMALL: readonly FitsNumberType[] = ['uint8', 'int8', 'uint16', 'int16', 'float32'];

/** The type that holds the values of all of these: theirs, if they have one; otherwise floats that are wide enough. */
export function commonType(types: readonly FitsNumberType[]): NumberColumnType {
  const [first, ...others] = new Set(types);
  if (first !== undefined && others.length === 0) return first;
  return floatFor(types);
}

/** The narrowest floats that hold the values of all of these. */
export function floatFor(types: readonly FitsNumberType[]): 'float32' | 'float64' {
  return types.every((type) => SMALL.includes(type)) ? 'float32' : 'float64';
}
