import { itemAt } from '@cosmicai/payload';
import { CheckpointMismatchError } from './errors.ts';
import { MISSING } from './networks-found.ts';

/** Shapes of the tensors by name, without what stands before it in the file. */
export type Shapes = ReadonlyMap<string, readonly number[]>;

/** How messages speak of tensors. */
export interface TensorNames {
  /** What a tensor is called in the file, or would be. */
  readonly inFile: (name: string) => string;
  /** That it isn't there, and where it is instead. */
  readonly missing: (name: string) => string;
}

/** The shapes of a state dict while a configuration is read from them. */
export class ShapeReader {
  readonly #file: string;
  readonly #names: TensorNames;
  readonly shapes: Shapes;

  constructor(file: string, shapes: Shapes, names: TensorNames) {
    this.#file = file;
    this.#names = names;
    this.shapes = shapes;
  }

  dims(name: string, axes: number): readonly number[] {
    const dims = this.shapes.get(name);
    if (dims?.length !== axes) throw this.mismatch(name, `a tensor of ${axes} axes`);
    return dims;
  }

  /** The size along one of so many axes. */
  size(name: string, axes: number, axis: number): number {
    return itemAt(this.dims(name, axes), axis);
  }

  has(name: string): boolean {
    return this.shapes.has(name);
  }

  /** Whether a tensor is neither here nor, under another prefix, elsewhere in the file. */
  isNowhere(name: string): boolean {
    return !this.has(name) && this.#names.missing(name) === MISSING;
  }

  /** Whether any name begins so. */
  any(start: string): boolean {
    return [...this.shapes.keys()].some((name) => name.startsWith(start));
  }

  /** The numbers that stand between a prefix and the rest of names. */
  indices(prefix: string, rest: RegExp): number[] {
    const found = new Set<number>();
    for (const name of this.shapes.keys()) {
      const match = name.startsWith(prefix) ? /^(\d+)\.(.*)$/.exec(name.slice(prefix.length)) : null;
      const [, index, path] = match ?? [];
      if (path !== undefined && rest.test(path)) found.add(Number(index));
    }
    return [...found].sort((a, b) => a - b);
  }

  mismatch(name: string, expected: string): CheckpointMismatchError {
    const dims = this.shapes.get(name);
    const found = dims ? `of shape [${dims.join(', ')}]` : this.#names.missing(name);
    return new CheckpointMismatchError(this.#file, this.#names.inFile(name), found, expected);
  }
}
