import { isUnordered, type Reduction } from '../reduction.ts';
import { decodeValue, encodeValue, isTypedArray, type Message } from '../value.ts';
import { binomialPlace } from './binomial.ts';
import type { Exchange } from './exchange.ts';
import { bcast, gather, scatter } from './move.ts';
import { meetsAtStar } from './partners.ts';

/** All ranks combined, on the root; undefined elsewhere. Ordered: ((v0 v1) v2) … by rank. */
export async function reduce<T>(x: Exchange, value: T, f: Reduction<T>, root: number): Promise<T | undefined> {
  if (x.isBoard || !isUnordered(f)) {
    const all = await gather(x, encodeValue(value), root);
    return all === undefined ? undefined : foldLeft(valuesOf<T>(all, x.rank, value), f);
  }
  const { parent, children } = binomialPlace(x.rank, x.size, root);
  let result = value;
  for (const child of children.toReversed()) {
    result = f.combine(result, decodeValue(await x.receive(child.rank)) as T);
  }
  if (parent === undefined) return result;
  x.send(parent, encodeValue(result));
  return undefined;
}

/** How an allreduce runs; ranks whose values differ in size may disagree, so it is part of the operation's signature. */
export function allreducesAtStar(value: unknown, size: number): boolean {
  // The sizes of JSON values differ between ranks, so they can't decide.
  const bytes = isTypedArray(value) ? value.byteLength : 0;
  return meetsAtStar(size, bytes);
}

/** All ranks combined, on every rank, with the same bits everywhere. */
export async function allreduce<T>(x: Exchange, value: T, f: Reduction<T>): Promise<T> {
  if (!x.isBoard && allreducesAtStar(value, x.size)) return starAllreduce(x, value, f);
  if (x.isBoard || !isUnordered(f)) {
    const result = await reduce(x, value, f, 0);
    if (x.rank !== 0) return decodeValue(await bcast(x, undefined, 0)) as T;
    await bcast(x, encodeValue(result), 0);
    return result as T;
  }
  return recursiveDoubling(x, value, f);
}

async function starAllreduce<T>(x: Exchange, value: T, f: Reduction<T>): Promise<T> {
  if (x.rank !== 0) {
    x.send(0, encodeValue(value));
    const coming = x.receive(0);
    return decodeValue(coming instanceof Promise ? await coming : coming) as T;
  }
  let result = value;
  for (let from = 1; from < x.size; from++) {
    const coming = x.receive(from);
    result = f.combine(result, decodeValue(coming instanceof Promise ? await coming : coming) as T);
  }
  const message = encodeValue(result);
  for (let to = 1; to < x.size; to++) x.send(to, message);
  return result;
}

async function recursiveDoubling<T>(x: Exchange, value: T, f: Reduction<T>): Promise<T> {
  const { rank, size } = x;
  // Ranks above the largest power of two lend their value to a partner below and get the result back.
  const power = largestPowerOfTwo(size);
  const partner = rank ^ power;
  if (rank >= power) {
    x.send(partner, encodeValue(value));
    return decodeValue(await x.receive(partner)) as T;
  }
  let result = value;
  if (partner < size) result = f.combine(result, decodeValue(await x.receive(partner)) as T);
  for (let bit = 1; bit < power; bit *= 2) {
    const other = rank ^ bit;
    x.send(other, encodeValue(result));
    const coming = x.receive(other);
    const theirs = decodeValue(coming instanceof Promise ? await coming : coming) as T;
    // The lower rank stands left on both sides: so both get the same bits even where rounding makes a + b differ in its terms.
    result = rank < other ? f.combine(result, theirs) : f.combine(theirs, result);
  }
  if (partner < size) x.send(partner, encodeValue(result));
  return result;
}

function largestPowerOfTwo(size: number): number {
  return 2 ** Math.floor(Math.log2(size));
}

/** Ranks 0 to this one combined; without this one when `inclusive` is false, which leaves nothing on rank 0. */
export async function scan<T>(x: Exchange, value: T, f: Reduction<T>, inclusive: boolean): Promise<T | undefined> {
  if (x.isBoard) return scanAtRoot(x, value, f, inclusive);
  const scanLinks = isUnordered(f) ? scanByDoubling : scanByChain;
  return scanLinks(x, value, f, inclusive);
}

async function scanAtRoot<T>(x: Exchange, value: T, f: Reduction<T>, inclusive: boolean): Promise<T | undefined> {
  const all = await gather(x, encodeValue(value), 0);
  if (all === undefined) return decodeValue(await scatter(x, undefined, 0)) as T | undefined;
  let before: T | undefined;
  const prefixes = valuesOf<T>(all, x.rank, value).map((each, rank) => {
    const including = rank === 0 ? each : f.combine(before as T, each);
    const prefix = inclusive ? including : before;
    before = including;
    return prefix;
  });
  await scatter(x, prefixes.map(encodeValue), 0);
  return prefixes[0];
}

async function scanByChain<T>(x: Exchange, value: T, f: Reduction<T>, inclusive: boolean): Promise<T | undefined> {
  const { rank, size } = x;
  const before = rank === 0 ? undefined : (decodeValue(await x.receive(rank - 1)) as T);
  const including = rank === 0 ? value : f.combine(before as T, value);
  if (rank + 1 < size) x.send(rank + 1, encodeValue(including));
  return inclusive ? including : before;
}

// ceil(log2 n) rounds.
async function scanByDoubling<T>(x: Exchange, value: T, f: Reduction<T>, inclusive: boolean): Promise<T | undefined> {
  const { rank, size } = x;
  let before: T | undefined;
  let including = value;
  for (let distance = 1; distance < size; distance *= 2) {
    if (rank + distance < size) x.send(rank + distance, encodeValue(including));
    if (rank - distance < 0) continue;
    const lower = decodeValue(await x.receive(rank - distance)) as T;
    before = before === undefined ? lower : f.combine(lower, before);
    including = f.combine(lower, including);
  }
  return inclusive ? including : before;
}

function valuesOf<T>(all: readonly Message[], rank: number, own: T): T[] {
  return all.map((message, from) => (from === rank ? own : (decodeValue(message) as T)));
}

function foldLeft<T>(values: readonly T[], f: Reduction<T>): T {
  return values.reduce((left, right) => f.combine(left, right));
}
