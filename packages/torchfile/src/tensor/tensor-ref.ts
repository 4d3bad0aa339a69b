import { MalformedTorchFileError, UnsupportedTorchFileError } from '../errors.ts';
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
import { dtypeOfStorage, isDType, type DType } from './dtype.ts';
import { countOf, spanOf, type Layout } from './layout.ts';

/** A tensor as the pickle describes it; its elements are still in the file. */
export interface TensorRef extends Layout {
  readonly kind: 'tensor';
  readonly dtype: DType;
  /** Name of the storage below `data/`; tensors may share one. */
  readonly storage: string;
  /** Device tag, e.g. `cpu` or `cuda:0`; of no consequence here. */
  readonly location: string;
  /** Byte offset of the description in the file, for messages. */
  readonly at: number;
}

/** A torch file never has a tensor of more axes (PyTorch's own limit for most operations). */
const MOST_AXES = 64;
/** An expanded tensor (stride 0) may have this many elements, however few are stored. */
const LARGEST_EXPANSION = 1_000_000;
const STORAGE_NAME = /^[A-Za-z0-9_.-]+$/;
/** Wrappers around another rebuild call: the position of the wrapped tensor among the arguments. */
const PARAMETERS = new Set(['torch._utils._rebuild_parameter', 'torch._utils._rebuild_parameter_with_state']);
const LONGEST_WRAPPING = 4;

/**
 * The tensor a node stands for, or undefined when it is none. Only names known here are understood, by comparison.
 *
 * @throws MalformedTorchFileError when it claims to be a tensor and is none
 * @throws UnsupportedTorchFileError for sparse, quantised, complex … tensors
 */
export function asTensorRef(file: string, node: PickleNode | undefined, wrapping = 0): TensorRef | undefined {
  if (!isCall(node)) return undefined;
  const name = qualifiedName(node.callee);
  if (PARAMETERS.has(name)) {
    const inner = wrapping < LONGEST_WRAPPING ? asTensorRef(file, node.args[0], wrapping + 1) : undefined;
    if (inner === undefined) throw malformed(file, node, `a parameter of ${describeNode(node.args[0])}`);
    return inner;
  }
  if (name === 'torch._utils._rebuild_tensor' || name === 'torch._utils._rebuild_tensor_v2') {
    return refOf(file, node, undefined);
  }
  if (name === 'torch._utils._rebuild_tensor_v3') return refOf(file, node, dtypeArgument(file, node, 6));
  if (name === 'torch._tensor._rebuild_from_type_v2') return subclassRef(file, node, wrapping);
  if (name.startsWith('torch._utils._rebuild_')) {
    throw new UnsupportedTorchFileError(
      file,
      node.at,
      `a tensor made by ${name} (sparse, quantised or of another device) can't be read; ` +
        'save a dense tensor: tensor.detach().cpu().to_dense()',
    );
  }
  return undefined;
}

/** `_rebuild_from_type_v2(function, class, arguments, state)`: a tensor with attributes of its own. */
function subclassRef(file: string, node: CallNode, wrapping: number): TensorRef {
  const [rebuild, , args] = node.args;
  const inner = sequenceItems(args);
  if (!isGlobal(rebuild) || inner === undefined || wrapping >= LONGEST_WRAPPING) {
    throw malformed(file, node, 'a tensor subclass without its tensor');
  }
  const call: CallNode = { ...node, callee: rebuild, args: inner };
  const ref = asTensorRef(file, call, wrapping + 1);
  if (ref === undefined) throw malformed(file, node, `a tensor subclass of ${qualifiedName(rebuild)}`);
  return ref;
}

function refOf(file: string, node: CallNode, dtypeGiven: DType | undefined): TensorRef {
  const [storageNode, offset, size, stride] = node.args;
  refuseLazyViews(file, node);
  const storage = storageOf(file, node, storageNode);
  const shape = sizes(file, node, size, 'shape');
  const strides = sizes(file, node, stride, 'strides');
  if (shape.length !== strides.length) throw malformed(file, node, 'shape and strides of different length');
  if (!isSize(offset)) throw malformed(file, node, `a tensor at offset ${describeNode(offset)}`);
  const dtype = dtypeGiven ?? storage.dtype;
  if (dtype === undefined) {
    throw new UnsupportedTorchFileError(
      file,
      node.at,
      `storage of type ${storage.type} can't be read; convert the tensor to float32 before torch.save`,
    );
  }
  const layout = { shape, strides, offset };
  if (!Number.isSafeInteger(countOf(shape)) || !Number.isSafeInteger(offset + spanOf(layout))) {
    throw malformed(file, node, `a tensor of shape [${shape.join(', ')}]`);
  }
  // An untyped storage counts bytes; its true size is checked against the zip entry when it is read.
  const stored = storage.elements;
  if (storage.dtype !== undefined && countOf(shape) > 0 && offset + spanOf(layout) > stored) {
    throw malformed(file, node, `a tensor of shape [${shape.join(', ')}] in a storage of ${stored} elements`);
  }
  if (countOf(shape) > Math.max(stored, LARGEST_EXPANSION)) {
    throw new UnsupportedTorchFileError(
      file,
      node.at,
      `an expanded tensor of shape [${shape.join(', ')}] over ${stored} stored elements; save a smaller or a dense one`,
    );
  }
  return { kind: 'tensor', dtype, ...layout, storage: storage.name, location: storage.location, at: node.at };
}

/**
 * Views that torch negates or conjugates only when they are used are stored as what they are views of, and say so in a dict behind all
 * other arguments: {'neg': True, 'conj': True}.
 */
function refuseLazyViews(file: string, node: CallNode): void {
  const bits = mappingEntries(node.args.at(-1)) ?? [];
  for (const [bit, set] of bits) {
    if (typeof bit !== 'string' || set === false) continue;
    throw new UnsupportedTorchFileError(
      file,
      node.at,
      `a tensor with its ${bit} bit set, a view that torch changes as it reads it, can't be read; ` +
        'save what it stands for: tensor.resolve_neg().resolve_conj()',
    );
  }
}

interface StorageDescription {
  readonly type: string;
  /** Undefined for untyped storages and types not known here. */
  readonly dtype: DType | undefined;
  readonly name: string;
  readonly location: string;
  readonly elements: number;
}

/** `('storage', class, name, location, number of elements)` */
function storageOf(file: string, call: CallNode, node: PickleNode | undefined): StorageDescription {
  const id =
    typeof node === 'object' && node !== null && 'kind' in node && node.kind === 'persistent'
      ? sequenceItems(node.id)
      : undefined;
  const [tag, type, name, location, elements] = id ?? [];
  if (tag !== 'storage' || !isGlobal(type) || typeof name !== 'string' || !isSize(elements)) {
    throw malformed(file, call, `a tensor over ${describeNode(node)}, not over a storage`);
  }
  if (!STORAGE_NAME.test(name)) throw malformed(file, call, `a storage named ${describeNode(name)}`);
  return {
    type: qualifiedName(type),
    dtype: type.module === 'torch' ? dtypeOfStorage(type.name) : undefined,
    name,
    location: typeof location === 'string' ? location : '',
    elements,
  };
}

function dtypeArgument(file: string, node: CallNode, index: number): DType {
  const argument = node.args[index];
  if (isGlobal(argument) && argument.module === 'torch' && isDType(argument.name)) return argument.name;
  throw new UnsupportedTorchFileError(
    file,
    node.at,
    `elements of type ${describeNode(argument)} can't be read; convert the tensor to float32 before torch.save`,
  );
}

function sizes(file: string, call: CallNode, node: PickleNode | undefined, what: string): readonly number[] {
  const items = sequenceItems(node);
  if (items === undefined || items.length > MOST_AXES || !items.every(isSize)) {
    throw malformed(file, call, `a tensor whose ${what} is ${describeNode(node)}`);
  }
  return items;
}

function isSize(node: PickleNode | undefined): node is number {
  return typeof node === 'number' && Number.isSafeInteger(node) && node >= 0;
}

function malformed(file: string, node: CallNode, found: string): MalformedTorchFileError {
  return new MalformedTorchFileError(file, node.at, `damaged pickle: ${found}`);
}
