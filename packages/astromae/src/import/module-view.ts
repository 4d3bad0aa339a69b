import type { ModuleNode } from '@cosmicai/torchfile';
import { CheckpointMismatchError } from './errors.ts';

/** Modules that do nothing at inference, by class name. */
const IDLE = new Set([
  'Dropout',
  'Dropout1d',
  'Dropout2d',
  'Dropout3d',
  'AlphaDropout',
  'FeatureAlphaDropout',
  'DropPath',
  'Identity',
]);

/** A module of a checkpoint while it is mapped: every question it can't answer as asked is a CheckpointMismatchError. */
export class ModuleView {
  readonly #file: string;
  readonly #node: ModuleNode;
  readonly path: string;

  constructor(file: string, node: ModuleNode, path = node.path) {
    this.#file = file;
    this.#node = node;
    this.path = path;
  }

  /** Class name without its Python module: `Linear` of `torch.nn.modules.linear.Linear`. */
  get className(): string {
    return this.#node.className.slice(this.#node.className.lastIndexOf('.') + 1);
  }

  get node(): ModuleNode {
    return this.#node;
  }

  /** This module, if it is of one of these classes. */
  as(...classes: readonly string[]): this {
    if (!classes.includes(this.className)) {
      throw this.mismatch(`a ${this.#node.className}`, classes.join(' or '));
    }
    return this;
  }

  child(name: string, ...classes: readonly string[]): ModuleView {
    const node = this.#node.children.get(name);
    if (!node) {
      throw new CheckpointMismatchError(
        this.#file,
        this.#inside(name),
        'missing',
        `a module (${classes.join(' or ')})`,
      );
    }
    return new ModuleView(this.#file, node, this.#inside(name)).as(...classes);
  }

  /** Whether there is such a module, and it does something. */
  has(name: string): boolean {
    const node = this.#node.children.get(name);
    return node !== undefined && !IDLE.has(new ModuleView(this.#file, node, this.#inside(name)).className);
  }

  /** The modules of a Sequential or ModuleList in order, without those that do nothing at inference. */
  items(): ModuleView[] {
    return Array.from(
      this.#node.children,
      ([name, node]) => new ModuleView(this.#file, node, this.#inside(name)),
    ).filter(({ className }) => !IDLE.has(className));
  }

  /** Refuses child modules beyond these, unless they do nothing at inference. */
  only(...names: readonly string[]): this {
    for (const [name, node] of this.#node.children) {
      const view = new ModuleView(this.#file, node, this.#inside(name));
      if (!names.includes(name) && !IDLE.has(view.className)) {
        throw view.mismatch(`a ${node.className}`, `no such module in a ${this.className}`);
      }
    }
    return this;
  }

  integer(name: string): number {
    const value = this.#node.attributes.get(name);
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : this.#refuse(name, 'an integer');
  }

  number(name: string): number {
    const value = this.#node.attributes.get(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : this.#refuse(name, 'a number');
  }

  /** One number for both axes, given as such or as a pair of equal ones. */
  square(name: string): number {
    const value = this.#node.attributes.get(name);
    const sides: readonly unknown[] = Array.isArray(value) ? value : [value];
    const [side] = sides;
    return typeof side === 'number' && Number.isSafeInteger(side) && sides.every((other) => other === side)
      ? side
      : this.#refuse(name, 'an integer, the same for both axes');
  }

  /** Refuses any other value of an attribute; where absent is right too, say so by allowing undefined. */
  exactly(name: string, ...allowed: readonly (string | number | boolean | null | undefined)[]): this {
    const value = this.#node.attributes.get(name);
    if (!allowed.some((one) => one === value)) {
      this.#refuse(name, allowed.map((one) => (one === undefined ? 'absent' : String(one))).join(' or '));
    }
    return this;
  }

  /** Shape of a parameter. */
  dims(name: string): readonly number[] {
    const ref = this.#node.parameters.get(name);
    if (!ref) {
      throw new CheckpointMismatchError(this.#file, this.#inside(name), 'missing', 'a parameter');
    }
    return ref.shape;
  }

  hasParameter(name: string): boolean {
    return Boolean(this.#node.parameters.get(name));
  }

  mismatch(found: string, expected: string): CheckpointMismatchError {
    return new CheckpointMismatchError(this.#file, this.path, found, expected);
  }

  #refuse(name: string, expected: string): never {
    const value = this.#node.attributes.get(name);
    const found = value === undefined ? 'absent' : JSON.stringify(value);
    throw new CheckpointMismatchError(this.#file, `attribute ${this.#inside(name)}`, found, expected);
  }

  #inside(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}
