import { valueOf } from '@cosmicai/payload';
import { MalformedTorchFileError, TorchFileLimitError, UnsupportedTorchFileError } from '../errors.ts';
import {
  describeNode,
  isCall,
  mappingEntries,
  qualifiedName,
  type CallNode,
  type PickleNode,
} from '../pickle/nodes.ts';
import { asTensorRef, type TensorRef } from '../tensor/tensor-ref.ts';
import type { TorchFile } from '../torch-file.ts';
import { keyText, plainValue, TreeBudget, type PlainValue } from './plain-value.ts';

/** A saved torch.nn.Module: what it is called and holds, without any of its code. */
export interface ModuleNode {
  /** With its Python module, e.g. `torch.nn.modules.linear.Linear`. */
  readonly className: string;
  /** Path from the root, e.g. `module.vit_block.0`; empty for the root. */
  readonly path: string;
  /** The rest of the module's `__dict__`: hyperparameters, `training` and so on. */
  readonly attributes: ReadonlyMap<string, PlainValue>;
  /** null for a parameter that is registered but absent, e.g. the bias of a layer without one. */
  readonly parameters: ReadonlyMap<string, TensorRef | null>;
  readonly buffers: ReadonlyMap<string, TensorRef | null>;
  /** A module that stands under two names is the same object under both. */
  readonly children: ReadonlyMap<string, ModuleNode>;
  /** Code that would run before or after the module, or in its place, by name: `_forward_hooks` and `torch.nn.utils.…`. */
  readonly hooks: readonly ModuleHook[];
}

export interface ModuleHook {
  /** The entry of the module's `__dict__` that holds it. */
  readonly kind: string;
  /** Of the function, or of the class of what is called. */
  readonly name: string;
}

const HOOKS = /^_.*(hooks?|hooks_with_kwargs|hooks_always_called)$/;
/** Those that change what a module answers; others concern training, or how tensors are saved. */
const FORWARD_HOOKS = ['_forward_pre_hooks', '_forward_hooks'];
/** What an instance puts in the place of its class's methods. */
const REPLACED = ['forward', '_call_impl'];

/**
 * Reads a file made by torch.save(model).
 *
 * @throws UnsupportedTorchFileError when something else was saved
 * @throws MalformedTorchFileError when a module contains itself or holds no tensors where it should
 */
export function readModuleTree(file: TorchFile): ModuleNode {
  if (!isModule(file.root)) {
    throw new UnsupportedTorchFileError(
      file.name,
      undefined,
      `expected a whole module (torch.save(model, …)); found ${describeNode(file.root)}`,
    );
  }
  return new ModuleReader(file).read(file.root, '', 0);
}

/** Whether the file holds a whole module, as opposed to a state dict or data. */
export function holdsModule(file: TorchFile): boolean {
  return isModule(file.root);
}

function isModule(node: PickleNode | undefined): node is CallNode {
  return isCall(node) && stateOf(node).has('_modules');
}

function stateOf(node: CallNode): ReadonlyMap<PickleNode, PickleNode> {
  return new Map(mappingEntries(node.state));
}

class ModuleReader {
  readonly #file: TorchFile;
  readonly #budget: TreeBudget;
  readonly #done = new Map<CallNode, ModuleNode>();
  /** Modules on the path from the root: one that occurs in itself would never end. */
  readonly #open = new Set<CallNode>();

  /** Parts of each module when shared ones are counted every time: what walking its children naively would cost. */
  readonly #unfolded = new Map<ModuleNode, number>();

  constructor(file: TorchFile) {
    this.#file = file;
    this.#budget = new TreeBudget(file);
  }

  read(node: CallNode, path: string, depth: number): ModuleNode {
    const done = this.#done.get(node);
    if (done !== undefined) return done;
    this.#budget.spend(depth, node.at);
    if (this.#open.has(node)) throw this.#malformed(node, `module ${path} contains itself`);
    this.#open.add(node);
    const state = stateOf(node);
    const module: ModuleNode = {
      className: qualifiedName(node.callee),
      path,
      attributes: this.#attributes(state),
      parameters: this.#tensors(node, state.get('_parameters'), path, depth),
      buffers: this.#tensors(node, state.get('_buffers'), path, depth),
      children: this.#children(node, state.get('_modules'), path, depth),
      hooks: this.#hooks(state),
    };
    this.#open.delete(node);
    this.#done.set(node, module);
    this.#countUnfolded(node, module);
    return module;
  }

  /** Few modules that hold each other twice, thirty levels deep, would take a walk of 2^30 steps. */
  #countUnfolded(node: CallNode, module: ModuleNode): void {
    const { name, limits } = this.#file;
    let parts = 1 + module.parameters.size + module.buffers.size;
    for (const child of module.children.values()) parts += valueOf(this.#unfolded, child);
    if (parts > limits.maxNodes) {
      throw new TorchFileLimitError(
        name,
        node.at,
        'maxNodes',
        limits.maxNodes,
        `module ${module.path} has ${parts} parts`,
      );
    }
    this.#unfolded.set(module, parts);
  }

  #attributes(state: ReadonlyMap<PickleNode, PickleNode>): ReadonlyMap<string, PlainValue> {
    const attributes = new Map<string, PlainValue>();
    for (const [key, value] of state) {
      const name = keyText(key);
      if (name === '_parameters' || name === '_buffers' || name === '_modules' || HOOKS.test(name)) continue;
      attributes.set(name, plainValue(this.#file, value, this.#budget));
    }
    return attributes;
  }

  #hooks(state: ReadonlyMap<PickleNode, PickleNode>): ModuleHook[] {
    const named = (kind: string, value: PickleNode): ModuleHook => {
      const plain = plainValue(this.#file, value, this.#budget);
      const isNamed = typeof plain === 'object' && plain !== null && 'className' in plain;
      return { kind, name: isNamed ? plain.className : describeNode(value) };
    };
    return [
      ...FORWARD_HOOKS.flatMap((kind) => (mappingEntries(state.get(kind)) ?? []).map(([, hook]) => named(kind, hook))),
      ...REPLACED.flatMap((kind) => {
        const value = state.get(kind);
        return value === undefined ? [] : [named(kind, value)];
      }),
    ];
  }

  #tensors(
    module: CallNode,
    node: PickleNode | undefined,
    path: string,
    depth: number,
  ): ReadonlyMap<string, TensorRef | null> {
    const entries = mappingEntries(node) ?? [];
    return new Map(
      entries.map(([key, value]) => {
        this.#budget.spend(depth + 1, module.at);
        const ref = value === null ? null : asTensorRef(this.#file.name, value);
        if (ref === undefined) {
          throw this.#malformed(module, `${join(path, key)} is ${describeNode(value)}, not a tensor`);
        }
        return [keyText(key), ref];
      }),
    );
  }

  #children(
    module: CallNode,
    node: PickleNode | undefined,
    path: string,
    depth: number,
  ): ReadonlyMap<string, ModuleNode> {
    const children = new Map<string, ModuleNode>();
    for (const [key, value] of mappingEntries(node) ?? []) {
      // An optional part of a module may be registered as None, e.g. an absent normalisation.
      if (value === null) continue;
      if (!isModule(value)) throw this.#malformed(module, `${join(path, key)} is ${describeNode(value)}, not a module`);
      children.set(keyText(key), this.read(value, join(path, key), depth + 1));
    }
    return children;
  }

  #malformed(node: CallNode, problem: string): MalformedTorchFileError {
    return new MalformedTorchFileError(this.#file.name, node.at, problem);
  }
}

function join(path: string, key: PickleNode): string {
  return path === '' ? keyText(key) : `${path}.${keyText(key)}`;
}
