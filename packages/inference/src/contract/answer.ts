import type { AnswerSlot, ModelContract } from './model-contract.ts';
import { describeShape } from './ports.ts';

/** A tensor of onnxruntime. */
export interface AnsweredTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/**
 * The numbers that a model answered for a batch, [count, width], without those of its padding.
 *
 * @param answers tensors by the names of outputs
 * @param sent galaxies in the forward pass, padding included
 * @param count of them that were asked for
 * @throws Error when the answer isn't as many numbers for each galaxy as the contract says
 */
export function answersIn(
  answers: Readonly<Record<string, AnsweredTensor | undefined>>,
  { answer: { outputs, width } }: ModelContract,
  sent: number,
  count: number,
): Float32Array<ArrayBuffer> {
  const [first, ...others] = outputs.map((slot) => ({ slot, values: valuesIn(answers[slot.name], slot, sent) }));
  // A copy: the tensor's memory belongs to onnxruntime and can't be transferred.
  if (first !== undefined && others.length === 0) return Float32Array.from(first.values).slice(0, count * width);
  const rows = new Float32Array(count * width);
  let column = 0;
  for (const { slot, values } of first === undefined ? [] : [first, ...others]) {
    for (let galaxy = 0; galaxy < count; galaxy++)
      for (let at = 0; at < slot.values; at++)
        rows[galaxy * width + column + at] = values[galaxy * slot.values + at] ?? NaN;
    column += slot.values;
  }
  return rows;
}

function valuesIn(
  answer: AnsweredTensor | undefined,
  { name, type: expectedType, values: each }: AnswerSlot,
  sent: number,
): Float32Array | Float64Array | Float16Array {
  if (answer === undefined) throw new Error(`it answers no "${name}"`);
  const { type, dims } = answer;
  if (type !== expectedType) throw new Error(`its output "${name}" is ${type}, not ${expectedType} as it says`);
  const size = dims.reduce((product, dim) => product * dim, 1);
  const galaxies = `${sent} ${sent === 1 ? 'galaxy' : 'galaxies'}`;
  const shapes = each === 1 ? ['[n]', '[n, 1]'] : [`[n, ${each}]`];
  if (size !== sent * each)
    throw new Error(
      `it answers ${size} ${size === 1 ? 'value' : 'values'} for ${galaxies}; ${each === 1 ? 'one' : each} for each was expected, in the shape ${shapes.join(' or ')}`,
    );
  // What one galaxy is answered can be meant in one way only: squeezed models leave its dimension out.
  const isSqueezed = sent === 1 && dims.length <= 2;
  const isInShape = dims[0] === sent && (each === 1 ? dims.length <= 2 : dims.length === 2);
  if (!isSqueezed && !isInShape)
    throw new Error(
      `it answers the shape ${describeShape(dims)} for ${galaxies}; ${shapes.map((shape) => shape.replace('n', String(sent))).join(' or ')} was expected`,
    );
  const values = answer.data as Float32Array | Float64Array | Uint16Array;
  if (values.length !== size) throw new Error(`it answers ${values.length} values where its shape says ${size}`);
  return values instanceof Uint16Array ? halves(values) : values;
}

/** Bits of IEEE 754 binary16 where the runtime that answers has no array for them. */
function halves(bits: Uint16Array): Float16Array {
  return new Float16Array(bits.buffer, bits.byteOffset, bits.length);
}
