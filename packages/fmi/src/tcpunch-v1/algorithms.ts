/**
 * The collectives of C++ FMI's direct channel, message for message: a peer of either kind must see the same lengths in the same order.
 * Every rank's buffer has the same number of bytes. Nothing here changes a caller's buffer, which the original does.
 */
export interface Wire {
  readonly rank: number;
  readonly size: number;
  send(to: number, bytes: Uint8Array): Promise<void>;
  receive(from: number, length: number): Promise<Uint8Array>;
}

/** `combine(a, b)` takes the place of the original's `a = f(a, b)`. */
export interface RawReduction {
  readonly combine: (a: Uint8Array, b: Uint8Array) => Uint8Array;
  /** Not both associative and commutative. */
  readonly ordered: boolean;
}

export async function bcast(w: Wire, bytes: Uint8Array, root: number): Promise<Uint8Array> {
  const distance = distanceFrom(root, w);
  let own = bytes;
  for (let step = halfOf(w.size); step >= 1; step /= 2) {
    if (distance % (2 * step) === 0) {
      if (distance + step < w.size) await w.send(rankAt(distance + step, root, w), own);
    } else if (distance % step === 0) {
      own = await w.receive(rankAt(distance - step, root, w), bytes.length);
    }
  }
  return own;
}

/** On the root the buffers of all ranks by rank; undefined elsewhere. */
export async function gather(w: Wire, bytes: Uint8Array, root: number): Promise<Uint8Array | undefined> {
  const distance = distanceFrom(root, w);
  // Blocks in the order of their distance from the root, beginning with this rank's own.
  const blocks: Uint8Array[] = [bytes];
  for (let step = 1; step < w.size; step *= 2) {
    if (distance % (2 * step) !== 0) {
      await w.send(rankAt(distance - step, root, w), Buffer.concat(blocks));
      return undefined;
    }
    if (distance + step < w.size) {
      const count = Math.min(step, w.size - distance - step);
      blocks.push(await w.receive(rankAt(distance + step, root, w), count * bytes.length));
    }
  }
  return rotate(Buffer.concat(blocks), root * bytes.length);
}

/** This rank's share of the root's buffer; `length` is that of one share. */
export async function scatter(
  w: Wire,
  bytes: Uint8Array | undefined,
  length: number,
  root: number,
): Promise<Uint8Array> {
  const distance = distanceFrom(root, w);
  let blocks = bytes === undefined ? new Uint8Array(0) : rotate(bytes, bytes.length - root * length);
  for (let step = halfOf(w.size); step >= 1; step /= 2) {
    if (distance % (2 * step) === 0) {
      if (distance + step >= w.size) continue;
      const count = Math.min(step, w.size - distance - step);
      const part = blocks.subarray(step * length, (step + count) * length);
      await w.send(rankAt(distance + step, root, w), part);
    } else if (distance % step === 0) {
      const count = Math.min(step, w.size - distance);
      blocks = await w.receive(rankAt(distance - step, root, w), count * length);
    }
  }
  return blocks.subarray(0, length);
}

export async function reduce(
  w: Wire,
  bytes: Uint8Array,
  f: RawReduction,
  root: number,
): Promise<Uint8Array | undefined> {
  if (f.ordered) {
    const all = await gather(w, bytes, root);
    return all === undefined ? undefined : foldBlocks(all, bytes.length, w.size, f);
  }
  const distance = distanceFrom(root, w);
  let result = bytes;
  for (let step = 1; step < w.size; step *= 2) {
    if (distance % (2 * step) !== 0) {
      await w.send(rankAt(distance - step, root, w), result);
      return undefined;
    }
    if (distance + step < w.size) {
      result = f.combine(result, await w.receive(rankAt(distance + step, root, w), bytes.length));
    }
  }
  return result;
}

export async function allreduce(w: Wire, bytes: Uint8Array, f: RawReduction): Promise<Uint8Array> {
  if (f.ordered) return bcast(w, (await reduce(w, bytes, f, 0)) ?? bytes, 0);
  const { rank, size } = w;
  const power = 2 ** Math.floor(Math.log2(size));
  const { length } = bytes;
  if (rank >= power) {
    await w.send(rank - power, bytes);
    return w.receive(rank - power, length);
  }
  const extra = rank + power < size ? rank + power : undefined;
  let result = extra === undefined ? bytes : f.combine(bytes, await w.receive(extra, length));
  for (let step = 1; step < power; step *= 2) {
    const other = rank ^ step;
    // The higher rank speaks first: which message is a pair's first decides its pairing name.
    if (other < rank) await w.send(other, result);
    const theirs = await w.receive(other, length);
    if (other > rank) await w.send(other, result);
    result = f.combine(result, theirs);
  }
  if (extra !== undefined) await w.send(extra, result);
  return result;
}

/** An allreduce of one byte. */
export async function barrier(w: Wire): Promise<void> {
  await allreduce(w, Uint8Array.of(1), { combine: (a) => a, ordered: false });
}

/** Ranks 0 to this one combined. */
export async function scan(w: Wire, bytes: Uint8Array, f: RawReduction): Promise<Uint8Array> {
  return f.ordered ? scanChain(w, bytes, f) : scanSweeps(w, bytes, f);
}

async function scanChain(w: Wire, bytes: Uint8Array, f: RawReduction): Promise<Uint8Array> {
  const result = w.rank === 0 ? bytes : f.combine(await w.receive(w.rank - 1, bytes.length), bytes);
  if (w.rank + 1 < w.size) await w.send(w.rank + 1, result);
  return result;
}

async function scanSweeps(w: Wire, bytes: Uint8Array, f: RawReduction): Promise<Uint8Array> {
  const { rank, size } = w;
  const place = rank + 1;
  const largest = 2 ** Math.floor(Math.log2(size));
  let result = bytes;
  for (let step = 1; step < largest; step *= 2) {
    if (place % (2 * step) === 0) {
      result = f.combine(result, await w.receive(rank - step, bytes.length));
    } else if (place % step === 0 && rank + step < size) {
      await w.send(rank + step, result);
      break;
    }
  }
  for (let step = largest / 2; step >= 1; step /= 2) {
    if (place % (2 * step) === 0) {
      if (rank + step < size) await w.send(rank + step, result);
    } else if (place % step === 0 && rank - step > 0) {
      result = f.combine(result, await w.receive(rank - step, bytes.length));
    }
  }
  return result;
}

function foldBlocks(all: Uint8Array, length: number, count: number, f: RawReduction): Uint8Array {
  let result = all.subarray(0, length);
  for (let i = 1; i < count; i++) result = f.combine(result, all.subarray(i * length, (i + 1) * length));
  return result;
}

/** The largest power of two below the size: a binomial tree's first step. */
function halfOf(size: number): number {
  return size === 1 ? 0 : 2 ** (Math.ceil(Math.log2(size)) - 1);
}

function distanceFrom(root: number, { rank, size }: Wire): number {
  return (rank + size - root) % size;
}

function rankAt(distance: number, root: number, { size }: Wire): number {
  return (distance + root) % size;
}

/** Moves every byte `by` places to the right; what leaves at the end comes in at the start. */
function rotate(bytes: Uint8Array, by: number): Uint8Array {
  const shift = bytes.length === 0 ? 0 : by % bytes.length;
  return shift === 0
    ? bytes
    : Buffer.concat([bytes.subarray(bytes.length - shift), bytes.subarray(0, bytes.length - shift)]);
}
