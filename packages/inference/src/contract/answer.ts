import type { ModelContract } from './model-contract.ts';
import { describeShape } from './ports.ts';

/** A tensor of onnxruntime. */
export interface AnsweredTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/**
 * The redshifts in what a model answered for a batch, without those of its padding.
 *
 * @param sent galaxies in the forward pass, padding included
 * @param count of them that were asked for
 * @throws Error when the answer isn't one number for each galaxy
 */
export function redshiftsIn(
  answer: AnsweredTensor | undefined,
  { redshift }: ModelContract,
  sent: number,
  count: number,
): Float32Array<ArrayBuffer> {
  if (answer === undefined) throw new Error(`it answers no "${redshift.name}"`);
  const { type, dims } = answer;
  if (type !== redshift.type)
    throw new Error(`its output "${redshift.name}" is ${type}, not ${redshift.type} as it says`);
  const size = dims.reduce((product, dim) => product * dim, 1);
  const galaxies = `${sent} ${sent === 1 ? 'galaxy' : 'galaxies'}`;
  if (size !== sent)
    throw new Error(
      `it answers ${size} ${size === 1 ? 'value' : 'values'} for ${galaxies}; one for each was expected, in the shape [n] or [n, 1]`,
    );
  // One value for one galaxy can be meant in one way only: squeezed models answer a scalar there.
  if (sent > 1 && (dims[0] !== sent || dims.length > 2))
    throw new Error(
      `it answers the shape ${describeShape(dims)} for ${galaxies}; [${sent}] or [${sent}, 1] was expected`,
    );
  const values = answer.data as Float32Array | Float64Array | Uint16Array;
  if (values.length !== sent) throw new Error(`it answers ${values.length} values where its shape says ${sent}`);
  // A copy: the tensor's memory belongs to onnxruntime and can't be transferred.
  return Float32Array.from(values instanceof Uint16Array ? halves(values) : values).slice(0, count);
}

/** Bits of IEEE 754 binary16 where the runtime that answers has no array for them. */
function halves(bits: Uint16Array): Float16Array {
  return new Float16Array(bits.buffer, bits.byteOffset, bits.length);
}
