import { defined } from '@cosmicai/payload';
import type { Json, JsonObject } from '../definition/types.ts';
import { numberField } from './numbers.ts';

/** How many items of a Map may fail before it fails; a limit that is absent does not count. */
export interface Tolerance {
  readonly count?: number;
  readonly percentage?: number;
}

export async function toleranceOf(map: JsonObject, input: Json, context: JsonObject): Promise<Tolerance> {
  const count = await numberField(map, 'ToleratedFailureCount', { min: 0 }, input, context);
  const percentage = await numberField(map, 'ToleratedFailurePercentage', { min: 0, max: 100 }, input, context);
  return defined({ count, percentage });
}

/** With neither limit the first failure counts; with both, whichever is exceeded first. */
export function exceeds({ count, percentage }: Tolerance, failed: number, total: number): boolean {
  if (count === undefined && percentage === undefined) return failed > 0;
  return (count !== undefined && failed > count) || (percentage !== undefined && failed * 100 > percentage * total);
}
