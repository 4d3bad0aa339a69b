import type { Label, Quantity } from './measurement-keys.ts';

/** Beyond these a figure is a slip, and what follows from it overflows: a billion times what anybody has measured. */
const LARGEST = 1e18;
const LARGEST_COUNT = 1e12;
const LONGEST_SECONDS = 1e10;
/** The finest clock: no rate can be taken over less. */
const SHORTEST_SECONDS = 1e-9;

const COUNTS: ReadonlySet<Quantity | Label> = new Set<Quantity>([
  ...(['samples', 'batches', 'batchSize', 'rank', 'worldSize', 's3Requests'] as const),
]);
/** What may lie below zero. */
const SIGNED: ReadonlySet<Quantity | Label> = new Set<Quantity>(['bias', 'r2']);

/** Whether a figure can have been measured: counts are whole, and only a bias and an R² may lie below zero. */
export function isPlausible(quantity: Quantity | Label, value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > LARGEST) return false;
  if (COUNTS.has(quantity)) return Number.isInteger(value) && value >= 0 && value <= LARGEST_COUNT;
  if (quantity === 'seconds') return value === 0 || (value >= SHORTEST_SECONDS && value <= LONGEST_SECONDS);
  return value >= 0 || SIGNED.has(quantity);
}

/** A number, its text, or a list that holds nothing else: a stray comma in Python makes `[223.4]` of 223.4. */
export function numberOf(value: unknown): number | undefined {
  const said: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  const number = typeof said === 'string' && said.trim() !== '' ? Number(said) : said;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}
