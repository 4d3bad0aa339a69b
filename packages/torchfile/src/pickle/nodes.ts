/**
 * What a pickle says, as inert data. Nothing is ever looked up, called or built: a global is its two names, a call is
 * its callee and arguments. Integers beyond 2^53 are bigint.
 */
export type PickleNode =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ListNode
  | TupleNode
  | DictNode
  | SetNode
  | GlobalNode
  | CallNode
  | PersistentNode;

export interface ListNode {
  readonly kind: 'list';
  readonly items: PickleNode[];
}

export interface TupleNode {
  readonly kind: 'tuple';
  readonly items: readonly PickleNode[];
}

/** Entries in the order of the pickle; of doubled keys the last counts. */
export interface DictNode {
  readonly kind: 'dict';
  readonly entries: [PickleNode, PickleNode][];
}

export interface SetNode {
  readonly kind: 'set';
  readonly items: PickleNode[];
}

/** A class or function by name. */
export interface GlobalNode {
  readonly kind: 'global';
  readonly module: string;
  readonly name: string;
}

/** What calling `callee` with `args` would have given: an object, with whatever the pickle then put into it. */
export interface CallNode {
  readonly kind: 'call';
  readonly callee: GlobalNode;
  readonly args: readonly PickleNode[];
  /** Byte offset of the opcode in the file, for messages. */
  readonly at: number;
  /** Set by SETITEMS, e.g. on an OrderedDict. */
  readonly entries: [PickleNode, PickleNode][];
  /** Set by APPENDS, e.g. on a deque. */
  readonly items: PickleNode[];
  /** Set by BUILD: usually the object's `__dict__`. */
  state: PickleNode | undefined;
}

/** An object kept outside the pickle; torch keeps storages so. */
export interface PersistentNode {
  readonly kind: 'persistent';
  readonly id: PickleNode;
  readonly at: number;
}

/** `module.name`, as Python shows a class. */
export function qualifiedName(node: GlobalNode): string {
  return `${node.module}.${node.name}`;
}

/** What a node is, in a few words for messages. */
export function describeNode(node: PickleNode | undefined): string {
  if (node === undefined) return 'nothing';
  if (node === null) return 'None';
  if (typeof node === 'string') return JSON.stringify(node.length > 40 ? `${node.slice(0, 40)}…` : node);
  if (typeof node !== 'object') return String(node);
  if (node instanceof Uint8Array) return `${node.byteLength} bytes`;
  if (node.kind === 'global') return qualifiedName(node);
  if (node.kind === 'call') return `a ${qualifiedName(node.callee)}`;
  return node.kind === 'persistent' ? 'a storage' : `a ${node.kind}`;
}

const MAPPINGS = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.Counter',
  'builtins.dict',
]);

/** Entries of a dict or of an object that is one (OrderedDict …); undefined for anything else. */
export function mappingEntries(node: PickleNode | undefined): readonly [PickleNode, PickleNode][] | undefined {
  if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return undefined;
  if (node.kind === 'dict') return node.entries;
  if (node.kind === 'call' && MAPPINGS.has(qualifiedName(node.callee))) return node.entries;
  return undefined;
}

/** Items of a list or tuple; undefined for anything else. */
export function sequenceItems(node: PickleNode | undefined): readonly PickleNode[] | undefined {
  if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return undefined;
  return node.kind === 'list' || node.kind === 'tuple' ? node.items : undefined;
}

export function isCall(node: PickleNode | undefined): node is CallNode {
  return typeof node === 'object' && node !== null && 'kind' in node && node.kind === 'call';
}

export function isGlobal(node: PickleNode | undefined): node is GlobalNode {
  return typeof node === 'object' && node !== null && 'kind' in node && node.kind === 'global';
}
