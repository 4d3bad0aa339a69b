import { TorchFileLimitError } from '../errors.ts';
import {
  describeNode,
  isCall,
  isGlobal,
  mappingEntries,
  qualifiedName,
  sequenceItems,
  type CallNode,
  type PickleNode,
} from '../pickle/nodes.ts';
import { asTensorRef, type TensorRef } from '../tensor/tensor-ref.ts';
import type { TorchFile } from '../torch-file.ts';

/** An object this reader gives no meaning to: its class, and nothing of its content. */
export interface OpaqueValue {
  readonly kind: 'opaque';
  /** Of the object, or the name of the class or function itself. */
  readonly className: string;
}

/** An attribute as data: tuples, lists and sets become arrays, dicts become maps, torch.device and torch.dtype texts. */
export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly PlainValue[]
  | ReadonlyMap<string, PlainValue>
  | TensorRef
  | OpaqueValue;

/** Counts what reading a tree costs: a small pickle may describe a large, deep or endless one by repeating itself. */
export class TreeBudget {
  readonly #file: TorchFile;
  #nodes = 0;

  constructor(file: TorchFile) {
    this.#file = file;
  }

  spend(depth: number, at?: number): void {
    const { name, limits } = this.#file;
    this.#nodes += 1;
    if (this.#nodes > limits.maxNodes) {
      throw new TorchFileLimitError(name, at, 'maxNodes', limits.maxNodes, 'the saved object has too many parts');
    }
    if (depth > limits.maxDepth) {
      throw new TorchFileLimitError(name, at, 'maxDepth', limits.maxDepth, 'the saved object is nested too deep');
    }
  }
}

/** A key as text: state dicts and modules have no others, plain dicts may have numbers. */
export function keyText(key: PickleNode): string {
  return typeof key === 'string' ? key : describeNode(key);
}

/** The data in a node; functions, classes and unknown objects by their name only. */
export function plainValue(file: TorchFile, node: PickleNode, budget: TreeBudget, depth = 0): PlainValue {
  budget.spend(depth);
  if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return node;
  const items = sequenceItems(node) ?? setItems(node);
  if (items !== undefined) return items.map((item) => plainValue(file, item, budget, depth + 1));
  const entries = mappingEntries(node);
  if (entries !== undefined) {
    return new Map(entries.map(([key, value]) => [keyText(key), plainValue(file, value, budget, depth + 1)]));
  }
  if (isGlobal(node)) return { kind: 'opaque', className: qualifiedName(node) };
  if (!isCall(node)) return { kind: 'opaque', className: 'torch.storage' };
  return asTensorRef(file.name, node) ?? namedValue(node);
}

function setItems(node: PickleNode): readonly PickleNode[] | undefined {
  if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return undefined;
  if (node.kind === 'set') return node.items;
  const isSet = isCall(node) && /^(__builtin__|builtins)\.(frozen)?set$/.test(qualifiedName(node.callee));
  return isSet ? (sequenceItems(node.args[0]) ?? []) : undefined;
}

/** Calls with an obvious reading: torch.device('cuda', 0) is `cuda:0`, torch.Size((1, 2)) its numbers. */
function namedValue(node: CallNode): PlainValue {
  const className = qualifiedName(node.callee);
  const isText = (value: PickleNode): value is string | number =>
    typeof value === 'string' || typeof value === 'number';
  if (className === 'torch.device' && node.args.every(isText)) return node.args.join(':');
  const sizes = className === 'torch.Size' ? sequenceItems(node.args[0]) : undefined;
  if (sizes?.every((size) => typeof size === 'number')) return sizes;
  return { kind: 'opaque', className };
}
