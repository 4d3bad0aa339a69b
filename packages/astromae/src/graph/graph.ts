/** Element types the compiler writes. float16 data are raw IEEE half bits. */
export type ElementType = 'float32' | 'float16' | 'int64';

/** A dense tensor, row-major. The length of `data` is the product of `dims`. */
export type Tensor =
  | { readonly type: 'float32'; readonly dims: readonly number[]; readonly data: Float32Array }
  | { readonly type: 'float16'; readonly dims: readonly number[]; readonly data: Uint16Array }
  | { readonly type: 'int64'; readonly dims: readonly number[]; readonly data: BigInt64Array };

export type FloatTensor = Extract<Tensor, { type: 'float32' }>;

/** An attribute of an operator, typed as ONNX types it: 1 and 1.0 are different things there. */
export type Attribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

export type Attributes = Readonly<Record<string, Attribute>>;

/** Operator sets: ONNX's own, or onnxruntime's fused operators. */
export type Domain = '' | 'com.microsoft';

export interface Node {
  /** Unique; the PyTorch module it stands for, and what of it. */
  readonly name: string;
  readonly op: string;
  readonly domain: Domain;
  /** Names of values; an empty name leaves an optional input out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** An input or output of the whole graph; a dimension given by name is dynamic. */
export interface Port {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

/** A computation: nodes in topological order over named values. Graphs are values: passes build new ones. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
}

/** A rewrite of a graph that keeps what it computes. */
export type Pass = (graph: Graph) => Graph;

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** @throws RangeError when data and dims disagree: a bug of the caller. */
export function floats(dims: readonly number[], data: Float32Array): FloatTensor {
  if (data.length !== elementCount(dims)) {
    throw new RangeError(`${data.length} numbers do not fill a tensor of [${dims.join(', ')}]`);
  }
  return { type: 'float32', dims, data };
}

/** A one-dimensional int64 tensor: shapes, axes, split sizes. */
export function integers(values: readonly number[]): Tensor {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, (value) => BigInt(value)) };
}

export function scalar(value: number): FloatTensor {
  return { type: 'float32', dims: [], data: Float32Array.of(value) };
}
