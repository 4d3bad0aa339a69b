import '@cosmicai/payload/no-telemetry';
import { inputShape } from '@cosmicai/payload';
import { Tensor } from 'onnxruntime-node';
import { imageTensor } from './image-tensor.ts';
import type { ModelContract, Slot } from './model-contract.ts';
import type { FloatingType } from './ports.ts';

/** Galaxies for one forward pass, row-major. */
export interface Galaxies {
  readonly count: number;
  /** count x bands x height x width. */
  readonly images: Float32Array;
  /** count x bands. */
  readonly magnitudes: Float64Array;
}

export interface Feeds {
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** Galaxies in the forward pass, padding included. */
  readonly sent: number;
}

/** Makes the tensors that the model is fed with: of its types, and as many galaxies as it takes. */
export function feedsOf({ count, images, magnitudes }: Galaxies, contract: ModelContract): Feeds {
  const sent = contract.batch ?? count;
  const { image } = contract.spec;
  const fed = (slot: Slot, values: Float32Array | Float64Array, shape: readonly number[]) => ({
    [slot.name]: tensorOf(slot.type, padded(values, sent / count), [sent, ...shape]),
  });
  return {
    sent,
    tensors: {
      ...fed(contract.image, imageTensor(images, image), inputShape(image)),
      ...(contract.magnitudes !== null && fed(contract.magnitudes, magnitudes, [magnitudes.length / count])),
    },
  };
}

/** The values, and again from the first on until there are `times` as many: real galaxies, whatever the model does with them. */
function padded<T extends Float32Array | Float64Array>(values: T, times: number): T {
  if (times === 1) return values;
  const longer = new (values.constructor as new (length: number) => T)(Math.round(values.length * times));
  for (let at = 0; at < longer.length; at += values.length)
    longer.set(values.subarray(0, Math.min(values.length, longer.length - at)), at);
  return longer;
}

function tensorOf(type: FloatingType, values: Float32Array | Float64Array, dims: readonly number[]): Tensor {
  switch (type) {
    case 'float32':
      return new Tensor('float32', values instanceof Float32Array ? values : Float32Array.from(values), dims);
    case 'float64':
      return new Tensor('float64', values instanceof Float64Array ? values : Float64Array.from(values), dims);
    case 'float16':
      return halfTensor(new Float16Array(values), dims);
  }
}

/** onnxruntime-node 1.30 takes halves as a Uint16Array only, while its Tensor makes a Float16Array of every one. */
function halfTensor(values: Float16Array<ArrayBuffer>, dims: readonly number[]): Tensor {
  const tensor = new Tensor('float16', values as never, dims);
  Object.defineProperty(tensor, 'data', { value: new Uint16Array(values.buffer) });
  return tensor;
}
