import { itemAt } from '@cosmicai/payload';
import type { PickleCursor } from './cursor.ts';
import { describeNode, isCall, isGlobal, type CallNode, type PickleNode } from './nodes.ts';
import { Opcode } from './opcodes.ts';
import { PickleStack } from './stack.ts';

const OLDEST_PROTOCOL = 2;
const NEWEST_PROTOCOL = 5;

/**
 * Runs a pickle of protocols 2 to 5 into inert nodes. The machine has no way to import, call or construct anything, so
 * the worst a hostile pickle can do is to be refused.
 *
 * @param maxOpcodes refused beyond; each opcode makes at most one node
 */
export function runPickle(input: PickleCursor, maxOpcodes: number): PickleNode {
  const stack = new PickleStack(input);
  for (let count = 0; count < maxOpcodes; count += 1) {
    const opcode = input.opcode();
    if (count === 0 && opcode !== Opcode.PROTO) throw input.malformed('it does not begin with a protocol number');
    if (opcode === Opcode.STOP) return stack.result();
    const step = STEPS.get(opcode);
    if (step === undefined) {
      throw input.unsupported(
        `pickle opcode 0x${opcode.toString(16).padStart(2, '0')} is not one that torch.save writes; ` +
          'load the file in Python and save it again with torch.save',
      );
    }
    step(stack, input);
  }
  throw input.overLimit('maxOpcodes', maxOpcodes, 'the pickle goes on and on');
}

type Step = (stack: PickleStack, input: PickleCursor) => void;

const STEPS: ReadonlyMap<number, Step> = new Map<number, Step>([
  [Opcode.PROTO, (_, input) => checkProtocol(input)],
  [Opcode.FRAME, (_, input) => checkFrame(input)],

  [Opcode.NONE, (stack) => stack.push(null)],
  [Opcode.NEWTRUE, (stack) => stack.push(true)],
  [Opcode.NEWFALSE, (stack) => stack.push(false)],
  [Opcode.BININT, (stack, input) => stack.push(input.int32())],
  [Opcode.BININT1, (stack, input) => stack.push(input.uint8())],
  [Opcode.BININT2, (stack, input) => stack.push(input.uint16())],
  [Opcode.LONG1, (stack, input) => stack.push(input.integer(input.uint8()))],
  [Opcode.LONG4, (stack, input) => stack.push(input.integer(input.uint32()))],
  [Opcode.BINFLOAT, (stack, input) => stack.push(input.float64())],

  [Opcode.BINUNICODE, (stack, input) => stack.push(input.text(input.uint32()))],
  [Opcode.SHORT_BINUNICODE, (stack, input) => stack.push(input.text(input.uint8()))],
  [Opcode.BINUNICODE8, (stack, input) => stack.push(input.text(input.uint64()))],
  // Python 2's str, which may hold bytes: latin1 keeps each of them.
  [Opcode.BINSTRING, (stack, input) => stack.push(input.latin1(input.uint32()))],
  [Opcode.SHORT_BINSTRING, (stack, input) => stack.push(input.latin1(input.uint8()))],
  [Opcode.BINBYTES, (stack, input) => stack.push(input.bytes(input.uint32()))],
  [Opcode.SHORT_BINBYTES, (stack, input) => stack.push(input.bytes(input.uint8()))],
  [Opcode.BINBYTES8, (stack, input) => stack.push(input.bytes(input.uint64()))],
  [Opcode.BYTEARRAY8, (stack, input) => stack.push(input.bytes(input.uint64()))],

  [Opcode.EMPTY_TUPLE, (stack) => stack.push({ kind: 'tuple', items: [] })],
  [Opcode.TUPLE1, (stack) => stack.push({ kind: 'tuple', items: stack.popMany(1) })],
  [Opcode.TUPLE2, (stack) => stack.push({ kind: 'tuple', items: stack.popMany(2) })],
  [Opcode.TUPLE3, (stack) => stack.push({ kind: 'tuple', items: stack.popMany(3) })],
  [Opcode.TUPLE, (stack) => stack.push({ kind: 'tuple', items: stack.popToMark() })],
  [Opcode.EMPTY_LIST, (stack) => stack.push({ kind: 'list', items: [] })],
  [Opcode.LIST, (stack) => stack.push({ kind: 'list', items: stack.popToMark() })],
  [Opcode.EMPTY_DICT, (stack) => stack.push({ kind: 'dict', entries: [] })],
  [Opcode.EMPTY_SET, (stack) => stack.push({ kind: 'set', items: [] })],
  [Opcode.FROZENSET, (stack) => stack.push({ kind: 'set', items: stack.popToMark() })],

  [Opcode.APPEND, (stack, input) => appendAll(input, stack.popMany(1), stack.top())],
  [Opcode.APPENDS, (stack, input) => appendAll(input, stack.popToMark(), stack.top())],
  [Opcode.ADDITEMS, (stack, input) => addAll(input, stack.popToMark(), stack.top())],
  [Opcode.SETITEM, (stack, input) => setAll(input, stack.popMany(2), stack.top())],
  [Opcode.SETITEMS, (stack, input) => setAll(input, stack.popToMark(), stack.top())],

  [Opcode.MARK, (stack) => stack.mark()],
  [Opcode.POP, (stack) => stack.popValueOrMark()],
  [Opcode.POP_MARK, (stack) => void stack.popToMark()],
  [Opcode.DUP, (stack) => stack.push(stack.top())],

  [Opcode.BINPUT, (stack, input) => stack.remember(input.uint8())],
  [Opcode.LONG_BINPUT, (stack, input) => stack.remember(input.uint32())],
  [Opcode.MEMOIZE, (stack) => stack.memoize()],
  [Opcode.BINGET, (stack, input) => stack.recall(input.uint8())],
  [Opcode.LONG_BINGET, (stack, input) => stack.recall(input.uint32())],

  [Opcode.GLOBAL, (stack, input) => stack.push({ kind: 'global', module: input.line(), name: input.line() })],
  [Opcode.STACK_GLOBAL, (stack, input) => stack.push(globalOf(input, stack.popMany(2)))],
  [Opcode.REDUCE, (stack, input) => stack.push(callOf(input, stack.popMany(2)))],
  [Opcode.NEWOBJ, (stack, input) => stack.push(callOf(input, stack.popMany(2)))],
  [Opcode.NEWOBJ_EX, (stack, input) => stack.push(callOf(input, stack.popMany(3)))],
  [Opcode.BUILD, (stack, input) => build(input, stack.pop(), stack.top())],
  [Opcode.BINPERSID, (stack, input) => persist(stack, input)],
]);

function persist(stack: PickleStack, input: PickleCursor): void {
  const id = stack.pop();
  input.onPersistent?.(id);
  stack.push({ kind: 'persistent', id, at: input.at });
}

function checkProtocol(input: PickleCursor): void {
  const protocol = input.uint8();
  if (protocol < OLDEST_PROTOCOL || protocol > NEWEST_PROTOCOL) {
    throw input.unsupported(`pickle protocol ${protocol}; this reader knows 2 to 5. Save it again with torch.save`);
  }
}

function checkFrame(input: PickleCursor): void {
  const length = input.uint64();
  if (length > input.remaining) throw input.malformed(`a frame of ${length} bytes, ${input.remaining} are left`);
}

function globalOf(input: PickleCursor, [module, name]: readonly PickleNode[]): PickleNode {
  if (typeof module !== 'string' || typeof name !== 'string') throw input.malformed('a global without a name');
  return { kind: 'global', module, name };
}

/** Keyword arguments, which only NEWOBJ_EX has and torch never uses, are left out. */
function callOf(input: PickleCursor, [callee, args]: readonly PickleNode[]): CallNode {
  if (!isGlobal(callee))
    throw input.malformed(`it calls ${describeNode(callee)}, which is neither a class nor a function`);
  if (!isKind(args, 'tuple')) {
    throw input.malformed(`the arguments of ${callee.name} are ${describeNode(args)}, not a tuple`);
  }
  return { kind: 'call', callee, args: args.items, at: input.at, entries: [], items: [], state: undefined };
}

function appendAll(input: PickleCursor, items: readonly PickleNode[], target: PickleNode): void {
  if (!isCall(target) && !isKind(target, 'list')) throw input.malformed(`it appends to ${describeNode(target)}`);
  for (const item of items) target.items.push(item);
}

function addAll(input: PickleCursor, items: readonly PickleNode[], target: PickleNode): void {
  if (!isCall(target) && !isKind(target, 'set')) throw input.malformed(`it adds to ${describeNode(target)}, no set`);
  for (const item of items) target.items.push(item);
}

function setAll(input: PickleCursor, flat: readonly PickleNode[], target: PickleNode): void {
  if (!isCall(target) && !isKind(target, 'dict')) throw input.malformed(`it sets items of ${describeNode(target)}`);
  if (flat.length % 2 !== 0) throw input.malformed('a key without a value');
  for (let index = 0; index < flat.length; index += 2)
    target.entries.push([itemAt(flat, index), itemAt(flat, index + 1)]);
}

function build(input: PickleCursor, state: PickleNode, target: PickleNode): void {
  if (!isCall(target)) throw input.malformed(`it sets the state of ${describeNode(target)}`);
  if (target.state !== undefined) throw input.malformed(`it sets the state of ${describeNode(target)} twice`);
  target.state = state;
}

type Kind = 'list' | 'tuple' | 'set' | 'dict';

function isKind<K extends Kind>(node: PickleNode | undefined, kind: K): node is Extract<PickleNode, { kind: K }> {
  return typeof node === 'object' && node !== null && 'kind' in node && node.kind === kind;
}
