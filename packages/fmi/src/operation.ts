import { MessageError } from './errors.ts';
import type { Landing } from './landing.ts';

/** The order is the wire's: append only. `send` is one message from one rank to another, whichever side looks at it. */
export const operationKinds = [
  'send',
  'bcast',
  'barrier',
  'gather',
  'scatter',
  'reduce',
  'allreduce',
  'allgather',
  'scan',
  'split',
] as const;

export type OperationKind = (typeof operationKinds)[number];

/** Where a message belongs: communicator, position in its program, and what the sender is doing there. */
export interface Slot {
  /** Number of the communicator on the wire: even for collectives, one more for its point-to-point messages. */
  readonly context: number;
  readonly sequence: number;
  /** Operation kind, root and variant in one number; differs when ranks disagree. */
  readonly signature: number;
}

/** Roots on the wire have 16 bits; worlds end at 10,000 ranks. */
export const LARGEST_WORLD = 0xffff;

/** @param variant 0 to 255: anything else all ranks must agree on, such as the order of a reduction */
export function signatureOf(kind: OperationKind, root = 0, variant = 0): number {
  return (operationKinds.indexOf(kind) | (root << 8) | (variant << 24)) >>> 0;
}

export function kindOf(signature: number): OperationKind | undefined {
  return operationKinds[signature & 0xff];
}

const rooted: readonly (OperationKind | undefined)[] = ['bcast', 'gather', 'scatter', 'reduce'];

/** `bcast #12 with root 3`, as error messages show it; sequence numbers count the operations of a communicator from 0. */
export function describeSlot(slot: Slot): string {
  const kind = kindOf(slot.signature);
  const root = (slot.signature >>> 8) & 0xffff;
  const variant = slot.signature >>> 24;
  const name = kind === 'send' ? 'send/recv' : (kind ?? `operation ${slot.signature & 0xff}`);
  return `${name} #${slot.sequence}${rooted.includes(kind) ? ` with root ${root}` : ''}${variant === 0 ? '' : ` (variant ${variant})`}`;
}

/** Is this context number that of point-to-point messages? */
export function isPointToPoint(context: number): boolean {
  return (context & 1) === 1;
}

/** An operation this rank is in: what it is, until when it may run. Time is `performance.now()` in ms. */
export interface Operation extends Slot {
  readonly deadline: number;
  readonly deadlineMs: number;
  /** Where its caller wants the value that it receives. */
  readonly landing: Landing | undefined;
}

export function checkRank(rank: number, size: number, what: string): void {
  if (!Number.isInteger(rank) || rank < 0 || rank >= size) {
    throw new MessageError(`${what} is ${rank}; allowed: a rank from 0 to ${size - 1}.`);
  }
}

/** What Node's timers hold; a longer wait would be over at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** @returns the deadline, in ms from now */
export function checkDeadline(deadlineMs: number): number {
  if (!(deadlineMs >= 0 && deadlineMs <= LONGEST_MS)) {
    throw new MessageError(`deadlineMs is ${deadlineMs}; allowed: 0 to ${LONGEST_MS} ms (24.8 days).`);
  }
  return deadlineMs;
}
