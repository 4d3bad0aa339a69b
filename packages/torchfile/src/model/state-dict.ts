import { UnsupportedTorchFileError } from '../errors.ts';
import { describeNode, mappingEntries, type PickleNode } from '../pickle/nodes.ts';
import { asTensorRef, type TensorRef } from '../tensor/tensor-ref.ts';
import type { TorchFile } from '../torch-file.ts';
import type { ModuleNode } from './module-tree.ts';
import { keyText, TreeBudget } from './plain-value.ts';

/** Tensors by name, and where in the file's dicts they were found. */
export interface StateDict {
  /** Keys from the root to the dict of tensors: empty, or e.g. ['model']. */
  readonly path: readonly string[];
  readonly tensors: ReadonlyMap<string, TensorRef>;
}

/** Keys under which training scripts keep the state dict, the usual ones first. */
const WRAPPERS = ['state_dict', 'model_state_dict', 'model', 'module', 'model_ema', 'net', 'weights'];
const DEEPEST_WRAPPING = 3;

/**
 * Reads a file made by torch.save(model.state_dict()), also where it lies in a checkpoint's dict under `model`,
 * `state_dict` and the like.
 *
 * @throws UnsupportedTorchFileError when no dict of tensors is found
 */
export function readStateDict(file: TorchFile): StateDict {
  const found = search(file, file.root, []);
  if (found !== undefined) return found;
  const keys = (mappingEntries(file.root) ?? []).slice(0, 8).map(([key]) => keyText(key));
  throw new UnsupportedTorchFileError(
    file.name,
    undefined,
    `expected a state dict: a dict of tensors, or one under ${WRAPPERS.join(', ')}; found ` +
      (keys.length > 0 ? `a dict with the keys ${keys.join(', ')}` : describeNode(file.root)),
  );
}

/** How deep training scripts nest what they save. */
const DEEPEST_DICT = 4;

/** Every dict of tensors in a file, whatever the keys that lead to it; empty where there is none. */
export function readStateDicts(file: TorchFile): StateDict[] {
  const budget = new TreeBudget(file);
  const search = (node: PickleNode, path: readonly string[]): StateDict[] => {
    const entries = mappingEntries(node) ?? [];
    entries.forEach(() => {
      budget.spend(path.length);
    });
    const tensors = tensorsOf(file, entries);
    const inner =
      path.length < DEEPEST_DICT ? entries.flatMap(([key, value]) => search(value, [...path, keyText(key)])) : [];
    return tensors.size > 0 ? [{ path, tensors }, ...inner] : inner;
  };
  return search(file.root, []);
}

function search(file: TorchFile, node: PickleNode, path: readonly string[]): StateDict | undefined {
  const entries = mappingEntries(node);
  if (entries === undefined) return undefined;
  // Wrappers first: a checkpoint may hold a lone tensor (a step count, a loss) beside its state dict.
  const values = new Map(entries);
  for (const wrapper of path.length < DEEPEST_WRAPPING ? WRAPPERS : []) {
    const inner = values.get(wrapper);
    const found = inner === undefined ? undefined : search(file, inner, [...path, wrapper]);
    if (found !== undefined) return found;
  }
  const tensors = tensorsOf(file, entries);
  return tensors.size > 0 ? { path, tensors } : undefined;
}

/** Entries that are not tensors (a step count, say) are passed over; a dict without any tensor is not a state dict. */
function tensorsOf(file: TorchFile, entries: readonly [PickleNode, PickleNode][]): Map<string, TensorRef> {
  const budget = new TreeBudget(file);
  const tensors = new Map<string, TensorRef>();
  for (const [key, value] of entries) {
    budget.spend(0);
    const ref = asTensorRef(file.name, value);
    if (ref !== undefined) tensors.set(keyText(key), ref);
  }
  return tensors;
}

/** Tensors of a module tree under the names its `state_dict()` has: all parameters and the persistent buffers. */
export function moduleStateDict(module: ModuleNode): Map<string, TensorRef> {
  const tensors = new Map<string, TensorRef>();
  addTensors(tensors, module, '');
  return tensors;
}

function addTensors(tensors: Map<string, TensorRef>, module: ModuleNode, prefix: string): void {
  const transient = module.attributes.get('_non_persistent_buffers_set');
  const left = new Set<unknown>(Array.isArray(transient) ? transient : []);
  for (const [name, ref] of module.parameters) if (ref !== null) tensors.set(prefix + name, ref);
  for (const [name, ref] of module.buffers) if (ref !== null && !left.has(name)) tensors.set(prefix + name, ref);
  for (const [name, child] of module.children) addTensors(tensors, child, `${prefix}${name}.`);
}
