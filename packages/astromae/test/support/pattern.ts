import type { Inputs } from './run-onnx.ts';

const SAMPLES = 5;

/** Numbers from -1 to 1, the same as `pattern` of training/golden/import_variants.py calculates. */
export function pattern(count: number, seed: number): Float64Array {
  return Float64Array.from(
    { length: count },
    (_, index) => ((31 * index * index + 7919 * index + 104_729 * seed) % 2003) / 1001 - 1,
  );
}

/** The samples that its predictions belong to. */
export function patternInputs(bands: number, side: number): Inputs {
  return {
    count: SAMPLES,
    images: Float32Array.from(pattern(SAMPLES * bands * side * side, 1), (value) => 5 * value),
    magnitudes: Float32Array.from(pattern(SAMPLES * bands, 2)),
  };
}

/** Weights that it fills a network with, by name and shape. */
export function patternWeights(shapes: Readonly<Record<string, readonly number[]>>): Map<string, Float32Array> {
  const names = Object.keys(shapes);
  const last = names.filter((name) => name.endsWith('weight') && shapes[name]!.length === 2).at(-1);
  return new Map(
    names.toSorted().map((name, seed) => {
      const dims = shapes[name]!;
      const values = pattern(product(dims), seed);
      return [name, Float32Array.from(values, (value) => scaled(value, name, dims, name === last))];
    }),
  );
}

function scaled(value: number, name: string, dims: readonly number[], isLast: boolean): number {
  if (name.endsWith('running_var') || (name.endsWith('weight') && dims.length === 1)) return 1 + value / 2;
  if (name.endsWith('weight')) return value * (Math.sqrt(3 / product(dims.slice(1))) * (isLast ? 0.5 : 1));
  return value / 10;
}

function product(dims: readonly number[]): number {
  return dims.reduce((all, size) => all * size, 1);
}
