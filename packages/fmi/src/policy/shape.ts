import type { OperationKind } from '../operation.ts';

/** A round of messages that travel at the same time. */
export interface Round {
  /** Messages of this round that one rank must send or take one after the other: the others of the round overlap with them. */
  readonly producers: number;
  readonly consumers: number;
  /** Bytes of the largest message. */
  readonly bytes: number;
}

/** What an operation needs of a channel: the rounds of its critical path, and all its messages. */
export interface Shape {
  readonly rounds: readonly Round[];
  readonly writes: number;
  readonly reads: number;
}

/**
 * @param bytes what one rank contributes
 * @param ordered reductions strictly left to right
 */
export function shapeOf(
  layout: 'links' | 'board',
  operation: OperationKind,
  size: number,
  bytes: number,
  ordered: boolean,
): Shape {
  if (operation === 'send') return { rounds: [{ producers: 1, consumers: 1, bytes }], writes: 1, reads: 1 };
  if (size === 1) return { rounds: [], writes: 0, reads: 0 };
  return layout === 'links' ? onLinks(operation, size, bytes, ordered) : onBoard(operation, size, bytes);
}

function onLinks(operation: Exclude<OperationKind, 'send'>, size: number, bytes: number, ordered: boolean): Shape {
  const depth = Math.ceil(Math.log2(size));
  const step = (carried: number): Round => ({ producers: 1, consumers: 1, bytes: carried });
  const steps = (count: number, carried: number): Round[] => Array.from({ length: count }, () => step(carried));
  const shape = (rounds: Round[], messages: number): Shape => ({ rounds, writes: messages, reads: messages });
  // Round i of a binomial tree carries the blocks of 2^i ranks, or of those that are left.
  const growing = Array.from({ length: depth }, (_, i) => step(Math.min(2 ** i, size - 2 ** i) * bytes));
  switch (operation) {
    case 'bcast':
      return shape(steps(depth, bytes), size - 1);
    case 'barrier':
      return shape(steps(depth, 0), size * depth);
    case 'gather':
    case 'scatter':
      return shape(growing, size - 1);
    case 'reduce':
      return shape(ordered ? growing : steps(depth, bytes), size - 1);
    case 'allreduce': {
      if (ordered) return shape([...growing, ...steps(depth, bytes)], 2 * (size - 1));
      const doubling = Math.floor(Math.log2(size));
      const power = 2 ** doubling;
      const extra = size - power;
      return shape(steps(doubling + (extra > 0 ? 2 : 0), bytes), power * doubling + 2 * extra);
    }
    case 'allgather':
    case 'split':
      return shape([...growing, ...steps(depth, size * bytes)], 2 * (size - 1));
    case 'scan':
      return ordered
        ? shape(steps(size - 1, bytes), size - 1)
        : shape(steps(depth, bytes), size * depth - (2 ** depth - 1));
  }
}

function onBoard(operation: Exclude<OperationKind, 'send'>, size: number, bytes: number): Shape {
  const others = size - 1;
  const toRoot = (carried: number): Round => ({ producers: others, consumers: 1, bytes: carried });
  const fromRoot = (carried: number): Round => ({ producers: 1, consumers: others, bytes: carried });
  switch (operation) {
    case 'bcast':
      return { rounds: [fromRoot(bytes)], writes: 1, reads: others };
    case 'gather':
    case 'reduce':
      return { rounds: [toRoot(bytes)], writes: others, reads: others };
    case 'scatter':
      return { rounds: [fromRoot(bytes)], writes: others, reads: others };
    case 'barrier':
      return { rounds: [toRoot(0), fromRoot(0)], writes: size, reads: 2 * others };
    case 'allreduce':
      return { rounds: [toRoot(bytes), fromRoot(bytes)], writes: size, reads: 2 * others };
    case 'allgather':
    case 'split':
      return { rounds: [toRoot(bytes), fromRoot(size * bytes)], writes: size, reads: 2 * others };
    case 'scan':
      return { rounds: [toRoot(bytes), fromRoot(bytes)], writes: 2 * others, reads: 2 * others };
  }
}
