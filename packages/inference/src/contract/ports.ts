/** An input or output as onnxruntime's session describes it; an empty shape is a scalar, or one that the model doesn't tell. */
export interface ModelPort {
  readonly name: string;
  /** ONNX element type, or `undefined` for what is not a tensor. */
  readonly type: string | undefined;
  readonly shape: readonly (number | string)[];
}

export interface ModelPorts {
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
}

/** Element types that are cast from and to our float32. */
export const FLOATING_TYPES = ['float16', 'float32', 'float64'] as const;
export type FloatingType = (typeof FLOATING_TYPES)[number];

export function isFloating(type: string | undefined): type is FloatingType {
  return FLOATING_TYPES.some((known) => known === type);
}

/** `[n, 5, 32, 32]`; a dimension without a name is a question mark. */
export function describeShape(shape: readonly (number | string)[]): string {
  return `[${shape.map((size) => (size === '' ? '?' : size)).join(', ')}]`;
}
